# shellcheck shell=bash disable=SC2154 # here, cache and kernel_dir are the lab's
# The virtual machine: its two initramfs, its boot, its time limit.

# What a caller may change before boot.
memory=640M reserve=160M cpu=qemu64 file_load='' capture_cpus=1 machine_arguments=() capture_program='' first_programs=() capture_command='' archive='' low=''
time_limit=${VMSIEVE_LAB_TIMEOUT:-300}

# initramfs FILE PROGRAM...: busybox, the modules for the shared folders and devices, the programs in /bin.
initramfs() {
  local file=$1 tree release number=10 module name library
  shift
  release=$(basename "$kernel_dir")
  tree=$(mktemp -d "$work/tree.XXXXXX")
  mkdir -p "$tree"/{bin,proc,sys,dev,modules,lab,out,tmp}
  cp "$(command -v busybox)" "$tree/bin/busybox"
  for name in $(busybox --list); do ln -s busybox "$tree/bin/$name" 2>/dev/null || true; done
  cp "$here/guest/init" "$tree/init"
  for name in "$@"; do
    rm -f "$tree/bin/$(basename "$name")"
    cp -L "$name" "$tree/bin/"
    # The shared libraries; a static program has none.
    ldd "$name" 2>/dev/null | sed -n 's/.*[[:space:]]\(\/[^ )]*\).*/\1/p' | while read -r library; do
      mkdir -p "$tree$(dirname "$library")"
      cp -L "$library" "$tree$library"
    done || true
  done
  # In the order that their dependencies want; what is built in, or missing in this kernel, is no matter.
  for name in virtio_pci 9p 9pnet_virtio qemu_fw_cfg virtio_blk virtio_balloon brd; do
    PATH=$PATH:/sbin:/usr/sbin modprobe -d "$kernel_dir/root" -S "$release" --show-depends "$name" 2>/dev/null || true
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r module; do
    name=$tree/modules/$number-$(basename "$module" | sed 's/\.\(xz\|zst\|gz\)$//')
    case $module in
      *.xz) xz -dc "$module" > "$name" ;;
      *.zst) zstd -qdc "$module" > "$name" ;;
      *.gz) gzip -dc "$module" > "$name" ;;
      *) cp "$module" "$name" ;;
    esac
    number=$((number + 1))
  done
  (cd "$tree" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) > "$file"
  rm -rf "$tree"
}

# The guest's workload is compiled once for all kernels.
build_workload() {
  local source=$here/guest/workload.c compiler
  workload=$cache/workload
  [[ $workload -nt $source ]] && return
  for compiler in "${CC:-cc}" clang gcc; do
    command -v "$compiler" >/dev/null || continue
    "$compiler" -static -O1 -o "$workload.$$" "$source" && mv "$workload.$$" "$workload" && return
  done
  die "the workload of the virtual machine does not compile: a C compiler and libc6-dev are needed"
}

# The module that uses low memory, for one kernel.
build_low() { # FILE
  local release headers at
  release=$(basename "$kernel_dir")
  headers=/usr/src/linux-headers-$release
  "$here/install-packages" "linux-headers-$release" gcc make || die "no linux-headers-$release to compile a module with"
  at=$(mktemp -d "$work/low.XXXXXX")
  cp "$here/guest/low.c" "$at"
  echo 'obj-m := low.o' > "$at/Makefile"
  make -s -C "$headers" M="$at" modules > "$at/log" 2>&1 || { cat "$at/log" >&2; die "the module for low memory does not compile"; }
  strip -g -o "$1" "$at/low.ko"
}

# boot kdump|captured|guestdump|live OUT: leaves OUT/vmcore, or what the collector wrote.
#
# A kernel lays itself out at random, and may leave no room for the capture kernel. What happens before the crash is not
# what anybody tests, so a machine that did not get there has a second chance; one that did has none.
boot() {
  local got_to_crash=''
  boot_once "$@"
  [[ -z $got_to_crash ]] || return 0
  say "the machine did not get to its crash; once more. Its console:"
  tail -n 20 "$2/console.log" >&2
  rm -rf "$2"
  boot_once "$@"
  [[ -n $got_to_crash ]] || die "the machine did not get to its crash: $2/console.log"
}

boot_once() {
  local mode=$1 out=$2
  mkdir -p "$out"
  out=$(readlink -f "$out")
  work=$(mktemp -d "$cache/machine.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  mkdir "$work/lab"
  build_workload
  cp "$kernel_dir/vmlinuz" "$here"/guest/*.sh "$work/lab/"
  initramfs "$work/first.img" "$(PATH=$PATH:/sbin:/usr/sbin command -v kexec)" "$workload" "${first_programs[@]}"
  initramfs "$work/lab/capture.img" ${capture_program:+"$capture_program"}
  [[ -z $capture_command ]] || printf 'cd /out\n%s\n' "$capture_command" > "$work/lab/collect.sh"
  [[ -z $low ]] || build_low "$work/lab/low.ko"
  printf '%s\n' "mode=$mode" "file_load=$file_load" "capture_cpus=$capture_cpus" > "$work/lab/parameters"
  truncate -s 32M "$work/disk" "$work/swap"
  local more_disks=()  # vdd, so it comes last
  if [[ -n $archive ]]; then
    { tar -c -C / usr/bin usr/lib usr/share 2>/dev/null || true; } | head -c "$archive" > "$work/archive"
    more_disks=(-drive "file=$work/archive,format=raw,if=virtio")
  fi
  # A vmcore has the memory and, once more, the kernel's image.
  truncate -s $(($(numfmt --from=iec "$memory") + (256 << 20))) "$out/vmcore"

  local append="console=ttyS0 panic=1 loglevel=4 mitigations=off"
  [[ $mode = guestdump ]] || append+=" crashkernel=$reserve"
  # One thread for both processors: with two, one may run code that the other has just patched, and die of the patch's
  # breakpoint long after it is gone. It is no slower.
  timeout --foreground -k 10 "$time_limit" qemu-system-x86_64 -accel tcg,thread=single -cpu "$cpu" -m "$memory" -smp 2 \
    -nographic -no-reboot -net none "${machine_arguments[@]}" -kernel "$work/lab/vmlinuz" -initrd "$work/first.img" -append "$append" \
    -virtfs "local,path=$work/lab,mount_tag=lab,security_model=none,readonly=on" \
    -virtfs "local,path=$out,mount_tag=out,security_model=none" \
    -drive "file=$work/disk,format=raw,if=virtio" -drive "file=$work/swap,format=raw,if=virtio" \
    -drive "file=$out/vmcore,format=raw,if=virtio,cache=unsafe" "${more_disks[@]}" \
    -device virtio-balloon-pci -device vmcoreinfo -qmp "unix:$work/qmp,server,nowait" \
    > "$out/console.log" 2>&1 < /dev/null &
  local machine=$! status=0
  serve "$machine" "$out"
  wait "$machine" || status=$?
  rm -rf "$work"
  if [[ $mode = kdump || $mode = captured ]]; then
    grep -q 'sysrq triggered crash' "$out/console.log" || return 0
  fi
  got_to_crash=1
  ((status != 124 && status != 137)) || die "the virtual machine did not end within $time_limit s: $out/console.log"
  if [[ $mode = kdump || $mode = captured ]]; then
    grep -q 'LAB: capture kernel' "$out/console.log" || die "the capture kernel never came up: $out/console.log"
  fi
  if [[ $mode = guestdump || $mode = captured ]]; then
    [[ -s $out/guest ]] || die "the hypervisor wrote no dump: $out/console.log"
    mv "$out/guest" "$out/vmcore"
  elif [[ ! -e $out/status ]]; then
    die "the collector never ended: $out/console.log"
  elif [[ -e $out/bytes ]]; then
    [[ $(cat "$out/status") = 0 ]] || die "the vmcore could not be copied: $out/console.log"
    truncate -s "$(cat "$out/bytes")" "$out/vmcore"
  else
    rm "$out/vmcore"  # the collector did not copy it
  fi
}

# What the guest asks the hypervisor for, by files in the shared folder: a balloon, and a dump of its memory.
serve() { # PID OUT
  local format bytes=$(($(numfmt --from=iec "$memory") - (16 << 20)))
  while kill -0 "$1" 2>/dev/null; do
    if [[ -e $2/balloon ]]; then
      rm -f "$2/balloon"
      python3 "$here/qmp.py" "$work/qmp" balloon value=$bytes || say "no balloon"
    elif [[ -e $2/ready ]]; then
      rm -f "$2/ready"
      python3 "$here/qmp.py" "$work/qmp" stop || true
      python3 "$here/qmp.py" "$work/qmp" dump-guest-memory paging=false "protocol=\"file:$2/guest\"" || true
      # The same memory in QEMU's other formats, those that it was built with.
      [[ $mode != guestdump ]] || for format in kdump-zlib kdump-lzo kdump-snappy; do
        python3 "$here/qmp.py" "$work/qmp" dump-guest-memory paging=false "protocol=\"file:$2/$format\"" \
          "format=\"$format\"" || rm -f "$2/$format"
      done
      python3 "$here/qmp.py" "$work/qmp" quit || true
    fi
    sleep 0.3
  done
}
