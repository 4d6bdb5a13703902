# shellcheck shell=sh
# Memory that was not there at boot: a DIMM, virtio-mem with blocks that are plugged in and others that are not, persistent
# memory; and huge pages whose struct pages were given back (HVO). Whatever is missing fails the machine.
fail() { echo "$*"; exit 1; }
for module in virtio_mem nfit nd_pmem; do [ -d /sys/module/$module ] || fail "no module $module"; done
grep -q '(virtio_mem)' /proc/iomem || fail "virtio-mem has plugged nothing in"
grep -q 'Persistent Memory' /proc/iomem || fail "no persistent memory"
[ -b /dev/pmem0 ] || fail "no /dev/pmem0"
head -c 8000000 /dev/urandom > /dev/pmem0

# The DIMM's block comes first above 4 GiB, and the kernel's own pages may lie there.
zone=online_kernel blocks=0
for block in $(seq 32 63); do
  state=/sys/devices/system/memory/memory$block/state
  [ -e "$state" ] || continue
  [ "$(cat "$state")" = online ] || echo $zone > "$state" || fail "memory block $block stays off line"
  zone=online_movable blocks=$((blocks + 1))
done
[ $blocks -ge 2 ] || fail "$blocks memory blocks above 4 GiB"

# Kernel's pages, cache, and anonymous memory there.
mkdir /more
mount -t tmpfs -o size=200m,nr_inodes=200000 tmpfs /more
for folder in $(seq 40); do
  mkdir "/more/$folder"
  (cd "/more/$folder" && seq 300 | xargs touch)
done
head -c 120000000 /dev/urandom > /more/noise

echo 1 > /proc/sys/vm/hugetlb_optimize_vmemmap || fail "no HVO"
before=$(sed -n 's/^HugePages_Total: *//p' /proc/meminfo)
echo $((before + 12)) > /proc/sys/vm/nr_hugepages
after=$(sed -n 's/^HugePages_Total: *//p' /proc/meminfo)
[ "$after" -gt "$before" ] || fail "no huge pages with HVO: $before, $after"
cat /proc/iomem
grep . /sys/devices/system/memory/memory*/state
exit 0
