# shellcheck shell=sh
# Runs in the capture kernel: vmsieve and makedumpfile in turns on /proc/vmcore, to a disk.
# OUT/times gets a line for each run that counts: program|options|wall s|user s|system s. OUT/memory gets one for each pair, of
# runs of their own, as looking costs time: program|options|VmHWM in KiB|the lowest MemAvailable in KiB.
rounds=${1:-3}
threads=$(nproc)
mke2fs /dev/vdc > /dev/null 2>&1
mkdir /disk
mount -t ext4 /dev/vdc /disk || exit 1

prepare() { # PROGRAM OPTIONS
  rm -f /disk/dump
  sync
  echo 3 > /proc/sys/vm/drop_caches
  arguments="--message-level 0 $2 /proc/vmcore /disk/dump"
  [ "$1" != vmsieve ] || arguments="--num-threads $threads $arguments"
}

failed() { # PROGRAM
  echo "$1 $arguments failed:"
  cat /tmp/errors
  exit 1
}

watch() { # PROGRAM OPTIONS
  prepare "$1" "$2"
  # shellcheck disable=SC2086 # arguments are several
  "$1" $arguments 2> /tmp/errors &
  pid=$! peak=0 lowest=999999999 value=
  while :; do
    found=
    {
      while read -r name value _; do
        [ "$name" != VmHWM: ] || { found=$value; break; }
      done < /proc/$pid/status
    } 2> /dev/null
    [ -n "$found" ] || break
    peak=$found
    while read -r name value _; do
      [ "$name" != MemAvailable: ] || { [ "$value" -ge "$lowest" ] || lowest=$value; break; }
    done < /proc/meminfo
    usleep 20000
  done
  wait $pid || failed "$1"
  echo "$1|$2|$peak|$lowest" >> /out/memory
}

run() { # PROGRAM OPTIONS
  prepare "$1" "$2"
  # shellcheck disable=SC2086 # arguments are several
  command time -o /tmp/time -f "$1|$2|%e|%U|%S" "$1" $arguments 2> /tmp/errors || failed "$1"
  cat /tmp/time >> /out/times
}

do=watch round=0
while [ $round -le "$rounds" ]; do
  for options in "-l -d 31" "-c -d 31" "-d 0"; do
    for program in vmsieve makedumpfile; do $do $program "$options"; done
  done
  do=run round=$((round + 1))
done
uname -r > /out/release
sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1 > /out/processor
