# shellcheck shell=sh
# Keys of known value: what is refused fails the machine.
only=$(sed -n 's/.*lab_secrets=\([a-z]*\).*/\1/p' /proc/cmdline)
# shellcheck disable=SC2086 # nothing, or a word
secrets /out/secrets $only > /tmp/secrets.log 2>&1 &
until grep -q '^ready' /tmp/secrets.log; do
  kill -0 $! 2>/dev/null || { cat /tmp/secrets.log; exit 1; }
  sleep 1
done
