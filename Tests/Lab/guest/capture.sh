# shellcheck shell=sh
# The capture kernel: run the collector, or copy the whole /proc/vmcore.
nproc > /out/nproc
free -k > /out/free
start=$(cut -d ' ' -f 1 /proc/uptime)
if [ -e /lab/collect.sh ]; then
  sh /lab/collect.sh > /out/collect.log 2>&1
else
  dd if=/proc/vmcore of=/out/vmcore bs=1M 2>/dev/null
fi
echo $? > /out/status
end=$(cut -d ' ' -f 1 /proc/uptime)
echo "$start $end" | awk '{ printf "%.2f\n", $2 - $1 }' > /out/seconds
