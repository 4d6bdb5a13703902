# shellcheck shell=sh
# Crashes the kernel as `lab_crash=KIND` of its command line says.
kind=$(sed -n 's/.*lab_crash=\([a-z]*\).*/\1/p' /proc/cmdline)
cd /proc/sys/kernel || exit
echo 1 > panic_on_oops
case $kind in
  warn) echo 1 > panic_on_warn ;;
  softlockup)
    echo 5 > watchdog_thresh
    echo 1 > softlockup_panic
    ;;
  hung)
    echo 5 > hung_task_timeout_secs
    echo 1 > hung_task_panic
    ;;
  oom)
    swapoff -a
    echo 1 > /proc/sys/vm/panic_on_oom
    mount -o remount,size=100% /tmp
    cat /dev/zero > /tmp/all
    ;;
esac
insmod /lab/crashes.ko
echo "$kind" > /sys/module/crashes/parameters/crash
sleep 100
