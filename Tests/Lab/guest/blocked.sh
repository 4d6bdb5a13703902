# shellcheck shell=sh
# A module of which two threads wait.
set -e
insmod /lab/blocked.ko
[ -e /sys/module/blocked/parameters/crash ] || { echo "no module blocked"; exit 1; }
