# shellcheck shell=sh disable=SC2154 # mode comes from /lab/parameters
# The capture kernel: run the collector, or copy the whole /proc/vmcore.
if [ "$mode" = captured ]; then
  sync
  touch /out/ready
  sleep 100000
fi
nproc > /out/nproc
free -k > /out/free
start=$(cut -d ' ' -f 1 /proc/uptime)
if [ -e /lab/collect.sh ]; then
  sh /lab/collect.sh > /out/collect.log 2>&1
else
  # To a disk, not to the shared folder: 6.12 writes 12 MB/s to that.
  stat -c %s /proc/vmcore > /out/bytes
  copy /proc/vmcore /dev/vdc
fi
echo $? > /out/status
end=$(cut -d ' ' -f 1 /proc/uptime)
echo "$start $end" | awk '{ printf "%.2f\n", $2 - $1 }' > /out/seconds
