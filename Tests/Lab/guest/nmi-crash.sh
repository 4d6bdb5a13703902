# shellcheck shell=sh
# Processor 2 hangs, and processor 0 panics inside an NMI.
taskset 1 sh -c 'echo 2 > /sys/module/nmi/parameters/crash'
