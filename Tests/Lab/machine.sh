# shellcheck shell=bash disable=SC2154 # here, cache and kernel_dir are the lab's
# The virtual machine: its two initramfs, its boot, its time limit.

# Programs and commands for the two kernels; the machine itself is described by describe_machine.
capture_programs=() first_programs=() capture_command=''
time_limit=${VMSIEVE_LAB_TIMEOUT:-300}

needed_modules() { # NAME
  PATH=$PATH:/sbin:/usr/sbin modprobe -d "$kernel_dir/root" -S "$(basename "$kernel_dir")" --show-depends "$1" 2>/dev/null
}

# initramfs FILE PROGRAM...: busybox, the modules for the shared folders and devices, the programs in /bin.
initramfs() {
  local file=$1 tree release number=10 module name library list
  shift
  release=$(basename "$kernel_dir")
  tree=$(mktemp -d "$making/tree.XXXXXX")
  mkdir -p "$tree"/{bin,proc,sys,dev,modules,lab,out,tmp}
  if [[ -n $userland ]]; then cp "$userland/bin/busybox" "$tree/bin/"; else cp "$(command -v busybox)" "$tree/bin/busybox"; fi
  for name in $(busybox --list); do ln -s busybox "$tree/bin/$name" 2>/dev/null || true; done
  cp "$here/guest/init" "$tree/init"
  for name in "$@"; do
    rm -f "$tree/bin/$(basename "$name")"
    cp -L "$name" "$tree/bin/"
    # The shared libraries; a static program has none.
    [[ -z $userland ]] || continue
    ldd "$name" 2>/dev/null | sed -n 's/.*[[:space:]]\(\/[^ )]*\).*/\1/p' | while read -r library; do
      mkdir -p "$tree$(dirname "$library")"
      cp -L "$library" "$tree$library"
    done || true
  done
  [[ -z $userland ]] || cp -r "$userland/lib" "$tree/"
  # In the order that their dependencies want; what is built in, or of the common ones missing in this kernel, is no matter.
  list=$(for name in virtio_pci 9p 9pnet_virtio qemu_fw_cfg virtio_blk virtio_balloon brd; do needed_modules "$name" || true; done
    for name in $modules; do needed_modules "$name" || echo "missing $name"; done)
  ! grep '^missing' <<< "$list" >&2 || die "Linux $release lacks a module that this machine needs"
  while read -r module; do
    name=$tree/modules/$number-$(basename "$module" | sed 's/\.\(xz\|zst\|gz\)$//')
    case $module in
      *.xz) xz -dc "$module" > "$name" ;;
      *.zst) zstd -qdc "$module" > "$name" ;;
      *.gz) gzip -dc "$module" > "$name" ;;
      *) cp "$module" "$name" ;;
    esac
    number=$((number + 1))
  done < <(sed -n 's/^insmod \([^ ]*\).*/\1/p' <<< "$list" | awk '!seen[$0]++')
  (cd "$tree" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) > "$file"
  rm -rf "$tree"
}

# boot kdump|captured|guestdump|live OUT KEPT: leaves OUT/vmcore, or what the collector wrote; of a failure what OUT had, in KEPT.
#
# A kernel lays itself out at random, and may leave no room for the capture kernel. What happens before the crash is not
# what anybody tests, so a machine that did not get there has a second chance; one that did has none.
boot() {
  local got_to_crash=''
  boot_once "$@"
  [[ -z $got_to_crash ]] || return 0
  say "the machine did not get to its crash; once more. Its console:"
  tail -n 20 "$2/console.log" >&2
  boot_once "$@"
  [[ -n $got_to_crash ]] || failed "$2" "$3" "the machine did not get to its crash"
}

failed() { # OUT KEPT MESSAGE
  if [[ $1 != "$2" ]]; then
    rm -rf "$2"
    mkdir -p "$(dirname "$2")"
    rm -f "$1/vmcore"
    mv -T "$1" "$2"
  fi
  die "$3: $2/console.log"
}

boot_once() {
  local mode=$1 out=$2 kept=$3 work=$making/machine
  rm -rf "$out" "$work"
  mkdir -p "$out" "$work/lab"
  out=$(readlink -f "$out")
  cp "$kernel_dir/vmlinuz" "$here"/guest/*.sh "$work/lab/"
  if [[ -n $userland ]]; then
    # shellcheck disable=SC2016 # the guest's
    printf '#!/bin/sh\nexec dd if="$1" of="$2" bs=1M conv=fsync\n' > "$work/copy"
    chmod 755 "$work/copy"
    initramfs "$work/first.img" "$userland/bin/kexec" "${first_programs[@]}"
    modules=$capture_modules initramfs "$work/lab/capture.img" "$work/copy" "${capture_programs[@]}"
  else
    initramfs "$work/first.img" "$(PATH=$PATH:/sbin:/usr/sbin command -v kexec)" "$cache/workload" "${first_programs[@]}"
    modules=$capture_modules initramfs "$work/lab/capture.img" "$cache/copy" "${capture_programs[@]}"
  fi
  [[ -z $capture_command ]] || printf 'cd /out\n%s\n' "$capture_command" > "$work/lab/collect.sh"
  [[ -z $own_module ]] || cp "$kernel_dir/$own_module.ko" "$work/lab/"
  [[ -z $crash ]] || cp "$here/guest/$crash" "$work/lab/crash"
  [[ -z $script ]] || cp "$here/guest/$script" "$work/lab/script"
  printf '%s\n' "mode=$mode" "loading=$loading" "capture_cpus=$capture_cpus" "capture_arguments='$capture_arguments'" \
    "console=$console" "quiet='$quiet'" > "$work/lab/parameters"
  truncate -s 32M "$work/disk" "$work/swap"
  local more_disks=()  # vdd, so it comes last
  if [[ -n $archive ]]; then
    { tar -c -C / usr/bin usr/lib usr/share 2>/dev/null || true; } | head -c "$archive" > "$work/archive"
    more_disks=(-drive "file=$work/archive,format=raw,if=virtio")
  fi
  # A vmcore has the memory and, once more, the kernel's image.
  truncate -s $(($(numfmt --from=iec "$memory") + $(numfmt --from=iec "$room"))) "$out/vmcore"

  # On a busy host the timer's check misses its ticks, and that is a panic.
  local append="console=$console panic=1 loglevel=4 $quiet $kernel_arguments"
  [[ $mode = guestdump ]] || append+=" crashkernel=$reserve"
  # One thread for both processors: with two, one may run code that the other has just patched, and die of the patch's
  # breakpoint long after it is gone. Where time is measured they need one each: what waits for the other else counts as work.
  timeout --foreground -k 10 "$time_limit" "$qemu" -accel "tcg,thread=${VMSIEVE_LAB_THREADING:-single}" -cpu "$cpu" -m "$memory$more_memory" -smp "$processors" \
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
  ! grep -aq 'LAB: FAILED' "$out/console.log" ||
    failed "$out" "$kept" "the first kernel is not what the machine wants ($(grep -a -m 1 -o 'LAB: FAILED.*' "$out/console.log" | tr -d '\r'))"
  if [[ $mode = kdump || $mode = captured ]]; then
    grep -aq 'LAB: crash' "$out/console.log" || return 0
  fi
  got_to_crash=1
  ((status != 124 && status != 137)) || failed "$out" "$kept" "the virtual machine did not end within $time_limit s"
  if [[ $mode = kdump || $mode = captured ]]; then
    grep -aq 'LAB: capture kernel' "$out/console.log" || failed "$out" "$kept" "the capture kernel never came up"
  fi
  if [[ $mode = guestdump || $mode = captured ]]; then
    [[ -s $out/guest ]] || failed "$out" "$kept" "the hypervisor wrote no dump"
    mv "$out/guest" "$out/vmcore"
  elif [[ ! -e $out/status ]]; then
    failed "$out" "$kept" "the collector never ended"
  elif [[ -e $out/bytes ]]; then
    [[ $(cat "$out/status") = 0 ]] || failed "$out" "$kept" "the vmcore could not be copied"
    truncate -s "$(cat "$out/bytes")" "$out/vmcore"
  else
    rm "$out/vmcore"  # the collector did not copy it
  fi
}

# What the guest asks the hypervisor for, by files in the shared folder: a balloon, and a dump of its memory.
serve() { # PID OUT
  local format bytes=$(($(numfmt --from=iec "$memory") + $(numfmt --from=iec "$plugged") - (16 << 20)))
  while kill -0 "$1" 2>/dev/null; do
    if [[ -e $2/balloon ]]; then
      rm -f "$2/balloon"
      python3 "$here/qmp.py" "$work/qmp" balloon value=$bytes || say "no balloon"
    elif [[ -e $2/ready ]]; then
      rm -f "$2/ready"
      python3 "$here/qmp.py" "$work/qmp" stop || true
      python3 "$here/qmp.py" "$work/qmp" dump-guest-memory paging=false "protocol=\"file:$2/guest\"" || true
      # The same memory by the page tables of the capture kernel.
      [[ $mode != captured ]] || python3 "$here/qmp.py" "$work/qmp" dump-guest-memory paging=true "protocol=\"file:$2/paged\"" || rm -f "$2/paged"
      # The same memory in QEMU's other formats, those that it was built with.
      [[ $mode != guestdump ]] || for format in kdump-zlib kdump-lzo kdump-snappy; do
        python3 "$here/qmp.py" "$work/qmp" dump-guest-memory paging=false "protocol=\"file:$2/$format\"" \
          "format=\"$format\"" 2> /dev/null || { say "this QEMU makes no $format"; rm -f "$2/$format"; }
      done
      python3 "$here/qmp.py" "$work/qmp" quit || true
    fi
    sleep 0.3
  done
}
