# shellcheck shell=sh
# Runs in the capture kernel: a dump to a disk, to an encrypted one, and through a network, by vmsieve and makedumpfile in turns.
# OUT/lowest gets a line for each: target|program|MemAvailable before|its lowest, from the opening of the target to its closing|VmHWM, in KiB.
port=$1 rounds=$2 argon2=$3
mkdir -p /disk /run/cryptsetup
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
echo secret > /tmp/key

available() {
  while read -r name value _; do
    [ "$name" != MemAvailable: ] || { echo "$value"; return; }
  done < /proc/meminfo
}

# Until /tmp/watched is gone.
watch() {
  lowest=999999999 value=
  while [ -e /tmp/watched ]; do
    while read -r name value _; do
      [ "$name" != MemAvailable: ] || { [ "$value" -ge "$lowest" ] || lowest=$value; break; }
    done < /proc/meminfo
    usleep 10000
  done
  echo "$lowest" > /tmp/lowest
}

# The program's peak, until it is gone.
peak_of() { # PID
  peak=0
  while :; do
    found=
    {
      while read -r name value _; do
        [ "$name" != VmHWM: ] || { found=$value; break; }
      done < "/proc/$1/status"
    } 2> /dev/null
    [ -n "$found" ] || break
    peak=$found
    usleep 50000
  done
  wait "$1"
}

failed() {
  echo "$target, $program failed:"
  cat /tmp/errors
  exit 1
}

to_file() {
  mount -t ext4 "$1" /disk || failed
  rm -f /disk/dump
  "$program" --message-level 0 -l -d 31 /proc/vmcore /disk/dump 2> /tmp/errors &
  peak_of $! || failed
  umount /disk
}

to_disk() { to_file /dev/vdc; }

to_luks() {
  cryptsetup open --key-file /tmp/key /dev/vdc crypt 2> /tmp/errors || failed
  to_file /dev/mapper/crypt
  cryptsetup close crypt
}

to_network() {
  mkfifo /tmp/stream
  nc 10.0.2.2 "$port" < /tmp/stream > /dev/null &
  sender=$!
  "$program" --message-level 0 -F -l -d 31 /proc/vmcore > /tmp/stream 2> /tmp/errors &
  peak_of $! || failed
  wait $sender
  rm /tmp/stream
}

measure() { # TARGET
  target=$1
  # Who comes first changes from round to round: what a round before left in memory comes back by and by.
  programs="vmsieve makedumpfile"
  [ $((round % 2)) = 0 ] || programs="makedumpfile vmsieve"
  for program in $programs; do
    sync
    echo 3 > /proc/sys/vm/drop_caches
    before=$(available)
    : > /tmp/watched
    watch &
    watcher=$!
    "to_$target"
    rm /tmp/watched
    while [ -e "/proc/$watcher" ] && ! [ -e /tmp/lowest ]; do usleep 10000; done
    echo "$target|$program|$before|$(cat /tmp/lowest)|$peak" >> /out/lowest
    rm /tmp/lowest
  done
}

round=0
while [ $round -lt "$rounds" ]; do
  mke2fs -q /dev/vdc > /dev/null 2>&1 || mke2fs /dev/vdc > /dev/null 2>&1 || exit 1
  measure disk
  measure network
  cryptsetup luksFormat --batch-mode --type luks2 --pbkdf argon2id --pbkdf-memory $((argon2 << 10)) --pbkdf-parallel 1 \
    --pbkdf-force-iterations 4 --key-file /tmp/key /dev/vdc > /tmp/errors 2>&1 || { cat /tmp/errors; exit 1; }
  cryptsetup open --key-file /tmp/key /dev/vdc crypt && mke2fs /dev/mapper/crypt > /dev/null 2>&1 && cryptsetup close crypt || exit 1
  measure luks
  round=$((round + 1))
done
uname -r > /out/release
