# shellcheck shell=sh
# One processor off line, and a module that hangs another.
set -e
echo 0 > /sys/devices/system/cpu/cpu3/online
insmod /lab/nmi.ko
[ "$(cat /sys/devices/system/cpu/online)" = 0-2 ] || { echo "processors on line: $(cat /sys/devices/system/cpu/online)"; exit 1; }
[ -e /sys/module/nmi/parameters/crash ] || { echo "no module nmi"; exit 1; }
