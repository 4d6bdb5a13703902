# shellcheck shell=sh disable=SC2154 # mode, loading, console, quiet, capture_cpus and capture_arguments come from /lab/parameters
# The first kernel: fill memory with every kind of page, then crash, or wait for the hypervisor to dump.

# Low memory gets slabs, where the lab wants them there.
if [ -e /lab/low.ko ]; then
  insmod /lab/low.ko
  dmesg | grep 'low: '
fi
# shmem: noise and zeros.
mount -t tmpfs -o size=64m tmpfs /tmp
head -c 24000000 /dev/urandom > /tmp/noise
head -c 8000000 /dev/zero > /tmp/zeros
# Cache of files, and cache of a block device: pages written there have buffers, so PG_private. It is emptied when
# nobody has the device open.
cat /lab/* > /dev/null
exec 9<> /dev/vda
head -c 12000000 /dev/urandom | dd of=/dev/vda bs=64k conv=notrunc,fsync 2>/dev/null
cat /dev/vda > /dev/null
# An archive, if there is one: its begin into RAM disks of 16 MiB, the rest into the cache.
if [ -e /dev/vdd ]; then
  exec 8< /dev/vdd
  for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    dd if=/dev/vdd of=/dev/ram$i bs=1M skip=$((i * 16)) count=16 2>/dev/null
  done
  cat <&8 > /dev/null
fi
# Swap: what is read back lies in the swap cache.
mkswap /dev/vdb > /dev/null && swapon /dev/vdb
# A balloon: the pages that the hypervisor took back are PAGE_OFFLINE.
touch /out/balloon
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
  inflated=$(sed -n 's/^balloon_inflate //p' /proc/vmstat)
  [ "${inflated:-0}" -ge 4096 ] && break
  sleep 1
done
echo "LAB: balloon took ${inflated:-0} pages"
# Slab: many small files and their dentries.
mkdir /tmp/many
for i in $(seq 600); do : > "/tmp/many/$i"; done
# Anonymous, huge, hugetlbfs, poisoned, swapped and freed pages. It stays, as the task that readers look for.
echo 8 > /proc/sys/vm/nr_hugepages
/bin/workload > /out/workload.log 2>&1 &
until grep -q '^ready' /out/workload.log || ! kill -0 $!; do sleep 1; done
sed 's/^/LAB: /' /out/workload.log
# What is special about this machine; its failure is the machine's.
if [ -e /lab/script ]; then
  sh /lab/script > /out/script.log 2>&1 || echo "LAB: FAILED script: $(tail -n 1 /out/script.log)"
fi
cat /proc/vmstat > /out/vmstat
cat /proc/meminfo > /out/meminfo

if [ "$mode" = guestdump ]; then
  sync
  touch /out/ready
  sleep 100000
fi
if [ "$mode" = live ]; then
  (cd /out && sh /lab/collect.sh) > /out/collect.log 2>&1
  echo $? > /out/status
  return
fi
# kexec takes the image's place from _text, which kallsyms of arm64 has only with CONFIG_KALLSYMS_ALL. It is 64 KiB below _stext.
if ! grep -q ' _text$' /proc/kallsyms; then
  text=$(sed -n 's/ [Tt] _stext$//p' /proc/kallsyms)
  { printf '%x T _text\n' $((0x$text - 0x10000)); cat /proc/kallsyms; } > /tmp/kallsyms
  mount --bind /tmp/kallsyms /proc/kallsyms
fi
# shellcheck disable=SC2086 # one word
kexec $loading -p /lab/vmlinuz --initrd=/lab/capture.img \
  --append="console=$console irqpoll $quiet nr_cpus=$capture_cpus reset_devices panic=5 $capture_arguments" > /out/kexec.log 2>&1
if [ "$(cat /sys/kernel/kexec_crash_loaded)" != 1 ]; then
  echo "LAB: kexec did not load the capture kernel:"
  cat /out/kexec.log
  return
fi
# The kernel's own word on each page, as near to the crash as can be.
cat /proc/kpageflags > /out/kpageflags
sync
echo "LAB: crash"
echo 1 > /proc/sys/kernel/sysrq
if [ -e /lab/crash ]; then
  sh /lab/crash
  sleep 100
fi
# On CPU 0, the boot processor: the capture kernel may then start the others without upsetting it.
taskset 1 sh -c 'echo c > /proc/sysrq-trigger'
