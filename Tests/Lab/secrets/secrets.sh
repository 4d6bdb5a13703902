# shellcheck shell=sh
# Keys of known value: what is refused fails the machine.
secrets /out/secrets > /tmp/secrets.log 2>&1 &
until grep -q '^ready' /tmp/secrets.log; do
  kill -0 $! 2>/dev/null || { cat /tmp/secrets.log; exit 1; }
  sleep 1
done
