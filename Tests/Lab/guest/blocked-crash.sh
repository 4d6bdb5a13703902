# shellcheck shell=sh
# Processor 0 takes a page fault inside a timer's interrupt.
taskset 1 sh -c 'echo 1 > /sys/module/blocked/parameters/crash'
