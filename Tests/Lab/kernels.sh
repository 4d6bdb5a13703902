# shellcheck shell=bash disable=SC2154 # here, cache and making are the lab's
# Steps that make what machines need: kernels, their debug information, drgn. Each makes its result below $making.

# KERNEL: its vmlinuz and root/lib/modules/RELEASE. Status 3: no archive here has such a kernel.
step_kernel() {
  local kernel=$1 suite='' release='' root=$making/kernel/root package image
  [[ -z $(find "$cache/kernels/$kernel.missing" -mmin -720 2>/dev/null) ]] || exit 3
  refresh ''
  release=$(release_in '' "$kernel")
  if [[ -z $release && -n $(suite_of "$kernel") ]]; then
    suite=$(suite_of "$kernel")
    if refresh "$suite"; then release=$(release_in "$suite" "$kernel"); fi
  fi
  mkdir -p "$cache/kernels" "$root"
  if [[ -z $release ]]; then
    # shellcheck source=/dev/null
    say "no archive that $(. /etc/os-release && echo "$PRETTY_NAME") knows has a Linux $kernel: its vmcores are left out"
    touch "$cache/kernels/$kernel.missing"
    exit 3
  fi
  if [[ ! -e $cache/kernels/$release ]]; then
    say "getting Linux $release${suite:+ of $suite}"
    # Debian has one package, or since 6.19 three; Ubuntu keeps modules in others than the signed image.
    for package in image binary modules modules-extra base; do
      unpack "$suite" "linux-$package-$release" "$root" || true
    done
    image=$(find "$root" -name 'vmlinuz*' -type f | head -n 1)
    [[ -n $image ]] || die "the packages of Linux $release have no vmlinuz"
    cp "$image" "$making/kernel/vmlinuz"
    [[ -d $root/lib/modules ]] || { mkdir -p "$root/lib"; ln -s ../usr/lib/modules "$root/lib/modules"; }
    PATH=$PATH:/sbin:/usr/sbin depmod -b "$root" "$release"
    [[ -n $(find -L "$root/lib/modules/$release" -name '9p.ko*' -print -quit) ]] || die "the packages of Linux $release have no 9p module"
    echo "$suite" > "$making/kernel/suite"
    mv -T "$making/kernel" "$cache/kernels/$release"
  fi
  rm -f "$cache/kernels/$kernel.missing"
  ln -sfn "$release" "$cache/kernels/$kernel"
}

# KERNEL: its vmlinux with debug information. Status 3: its archive has none.
step_debuginfo() {
  local directory release suite
  directory=$(readlink -e "$cache/kernels/$1")
  release=$(basename "$directory")
  suite=$(cat "$directory/suite" 2>/dev/null || true)
  say "downloading the debug information of $release, about 1 GB"
  (cd "$making" && archive "$suite" get -qq -o APT::Sandbox::User=root download "linux-image-$release-dbg" >&2) || {
    say "no debug information for $release in this archive (on Ubuntu: ddebs.ubuntu.com)"
    exit 3
  }
  # vmlinux lies near the beginning of the archive: stop there, and let dpkg's complaint about that go unheard.
  { dpkg --fsys-tarfile "$making"/*.deb 2>/dev/null || true; } |
    tar -x -O --occurrence=1 "./usr/lib/debug/boot/vmlinux-$release" > "$making/vmlinux" ||
    die "no whole vmlinux in linux-image-$release-dbg, or no room for it"
  mv "$making/vmlinux" "$directory/vmlinux"
}

# The python that can import drgn. Its wheel on PyPI carries libkdumpfile; the distributions' is often too old.
# A virtual environment knows its own place, so it is made there and marked when it is whole.
step_drgn() {
  "$here/install-packages" python3 python3-venv ca-certificates
  rm -rf "$cache/drgn"
  /usr/bin/python3 -m venv "$cache/drgn" >&2
  "$cache/drgn/bin/pip" -q --disable-pip-version-check install drgn >&2
  "$cache/drgn/bin/python" -c 'import drgn'
  touch "$cache/drgn/whole"
}

# What a machine of arm64 has in its file system: busybox, kexec and kexec's libraries; and makedumpfile with its own, for qemu-user.
# Of what an installation would take, nothing else.
step_arm64() {
  local suite wanted name file package packages peer=$making/arm64/peer
  suite=$(suite_of arm64-6.1)
  refresh "$suite" || exit 3
  "$here/install-packages" qemu-user-static binutils || die "qemu-user-static cannot be installed"
  mkdir -p "$making/all" "$making/arm64"/{bin,lib} "$peer"
  packages=$(archive "$suite" get -s install --no-install-recommends kexec-tools busybox-static makedumpfile |
    sed -n 's/^Inst \(kexec-tools\|busybox-static\|makedumpfile\|lib[^ ]*\|zlib1g\) .*/\1/p' | grep -v perl)
  for package in $packages; do unpack "$suite" "$package" "$making/all" || true; done
  cp "$(find "$making/all" -path '*/bin/busybox' -type f)" "$(find "$making/all" -path '*/sbin/kexec' -type f)" "$making/arm64/bin/"
  wanted=(ld-linux-aarch64.so.1 kexec)
  while ((${#wanted[@]})); do
    name=${wanted[0]} wanted=("${wanted[@]:1}")
    [[ ! -e $making/arm64/lib/$name ]] || continue
    file=$making/arm64/bin/$name
    [[ -e $file ]] || {
      file=$making/arm64/lib/$name
      cp -L "$(find "$making/all" -path "*/$name" | sed -n 1p)" "$file" || die "kexec of arm64 needs $name, and no package has it"
    }
    mapfile -t -O "${#wanted[@]}" wanted < <(readelf -d "$file" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p')
  done
  cp -r "$making/all"/* "$peer/"
  ln -s "$(cd "$peer" && find . -name makedumpfile -type f -perm -100 | sed -n 1p)" "$peer/makedumpfile"
  mv -T "$making/arm64" "$cache/arm64"
}

# The guest's own programs, compiled once for all kernels.
step_workload() {
  local compiler
  for compiler in "${CC:-cc}" clang gcc; do
    command -v "$compiler" >/dev/null || continue
    "$compiler" -static -O1 -o "$making/workload" "$here/guest/workload.c" || continue
    "$compiler" -static -O1 -o "$making/copy" "$here/guest/copy.c" || continue
    mv "$making/workload" "$making/copy" "$cache/"
    return
  done
  die "the programs of the virtual machine do not compile: a C compiler and libc6-dev are needed"
}

# PROGRAM: one of secrets/, for machines that have it.
step_program() {
  cc -static -O1 -o "$making/$1" "$here/secrets/$1.c" || die "the program $1 does not compile: a C compiler and libc6-dev are needed"
  mv "$making/$1" "$cache/"
}

# MODULE KERNEL: a module of guest/. Status 3: the host's lists have no headers to compile it with.
step_module() {
  local module=$1 directory release
  directory=$(readlink -e "$cache/kernels/$2")
  release=$(basename "$directory")
  if [[ -n $(cat "$directory/suite" 2>/dev/null || true) ]]; then
    say "the headers of Linux $release are another suite's: no module $module"
    exit 3
  fi
  # Swift links with the library of the newest gcc that is there: one without its C++ library would stop that.
  "$here/install-packages" "linux-headers-$release" gcc g++ make
  mkdir "$making/module"
  cp "$here/guest/$module.c" "$making/module"
  echo "obj-m := $module.o" > "$making/module/Makefile"
  make -s -C "/usr/src/linux-headers-$release" M="$making/module" modules > "$making/module/log" 2>&1 || {
    cat "$making/module/log" >&2
    die "the module $module does not compile for $release"
  }
  strip -g -o "$making/$module.ko" "$making/module/$module.ko"
  mv "$making/$module.ko" "$directory/$module.ko"
}
