# shellcheck shell=bash disable=SC2154 # here and cache are the lab's
# Kernels, their debug information and drgn: from the distribution's archive and PyPI into the cache directory.

# The one host package list. Only what makes vmcores; the program's own libraries are the Makefile's business.
setup_host() {
  "$here/install-packages" qemu-system-x86 kexec-tools busybox-static cpio kmod xz-utils zstd python3 \
    || die "the packages for virtual machines cannot be installed"
}

apt_lists_are_fresh=
refresh_apt_lists() {
  [[ -z $apt_lists_are_fresh ]] || return 0
  command -v apt-get >/dev/null || die "kernels come from a Debian or Ubuntu archive, and there is no apt here"
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=120 update >&2 || say "apt-get update failed; going on with the lists there are"
  apt_lists_are_fresh=1
}

# Prints the release (uname -r) that a kernel name stands for; nothing if the distribution has none.
release_of() {
  local package
  case $1 in
    6.1 | 6.12) set -- "$1" "linux-image-$1-amd64" linux-image-amd64 linux-image-virtual ;;
    distribution) set -- "" linux-image-amd64 linux-image-virtual ;;
    *) die "no kernel is called $1 (6.1, 6.12, distribution)" ;;
  esac
  local series=$1
  shift
  for package in "$@"; do
    apt-cache depends "$package" 2>/dev/null | sed -n 's/^ *Depends: linux-image-\([0-9]\)/\1/p' | grep -m 1 "^${series:-.}[.-]\|^${series:-.}\." && return
  done
  return 0
}

# Downloads a package and unpacks it below a directory.
unpack() { # PACKAGE DIRECTORY
  local at
  at=$(mktemp -d "$cache/download.XXXXXX")
  (cd "$at" && apt-get -qq -o APT::Sandbox::User=root download "$1" 2>/dev/null >&2) || { rm -rf "$at"; return 1; }
  dpkg -x "$at"/*.deb "$2"
  rm -rf "$at"
}

# Sets kernel_dir, which then has vmlinuz and root/lib/modules/RELEASE. Exit 3 if the distribution has no such kernel.
get_kernel() {
  local link=$cache/kernels/$1 release
  kernel_dir=$(readlink -e "$link" || true)
  [[ -z $kernel_dir || ! -e $kernel_dir/vmlinuz ]] || return 0
  mkdir -p "$cache/kernels"
  rm -f "$link.missing"
  exec {lock}> "$cache/kernels/lock"
  flock "$lock"
  refresh_apt_lists
  release=$(release_of "$1")
  if [[ -z $release ]]; then
    # shellcheck source=/dev/null
    say "there is no Linux $1 in the archive of $(. /etc/os-release && echo "$PRETTY_NAME"): its vmcores are left out"
    touch "$link.missing"
    exit 3
  fi
  kernel_dir=$cache/kernels/$release
  if [[ ! -e $kernel_dir/vmlinuz ]]; then
    local root=$kernel_dir/root
    rm -rf "$root"
    mkdir -p "$root"
    # Ubuntu signs vmlinuz in one package and keeps the modules in others.
    unpack "linux-image-$release" "$root" || die "cannot download linux-image-$release"
    [[ -d $root/lib/modules || -d $root/usr/lib/modules ]] || unpack "linux-modules-$release" "$root" || die "cannot download linux-modules-$release"
    ls "$root"/{,usr/}lib/modules/*/kernel/fs/9p >/dev/null 2>&1 || unpack "linux-modules-extra-$release" "$root" || true
    [[ -e $root/lib ]] || ln -s usr/lib "$root/lib"
    PATH=$PATH:/sbin:/usr/sbin depmod -b "$root" "$release"
    cp "$root/boot/vmlinuz-$release" "$kernel_dir/vmlinuz"
  fi
  ln -sfn "$release" "$link"
  flock -u "$lock"
}

# Prints the place of a kernel's vmlinux with debug information.
get_debuginfo() {
  local release at
  get_kernel "$1"
  release=$(basename "$kernel_dir")
  if [[ ! -e $kernel_dir/vmlinux ]]; then
    at=$(mktemp -d "$cache/download.XXXXXX")
    say "downloading the debug information of $release, about 1 GB"
    (cd "$at" && apt-get -qq -o APT::Sandbox::User=root download "linux-image-$release-dbg" >&2) || {
      rm -rf "$at"
      say "no debug information for $release in this archive (on Ubuntu: ddebs.ubuntu.com, see the README)"
      exit 3
    }
    # vmlinux lies near the beginning of the archive: stop there, and let dpkg's complaint about that go unheard.
    dpkg --fsys-tarfile "$at"/*.deb 2>/dev/null | tar -x -O --occurrence=1 "./usr/lib/debug/boot/vmlinux-$release" > "$at/vmlinux" || true
    [[ -s $at/vmlinux ]] || die "no vmlinux in linux-image-$release-dbg"
    mv "$at/vmlinux" "$kernel_dir/vmlinux"
    rm -rf "$at"
  fi
  echo "$kernel_dir/vmlinux"
}

# Prints the python that can import drgn. Its wheel on PyPI carries libkdumpfile; the distributions' is often too old.
get_drgn() {
  if ! "$cache/drgn/bin/python" -c 'import drgn' 2>/dev/null; then
    "$here/install-packages" python3 python3-venv
    mkdir -p "$cache"
    rm -rf "$cache/drgn"
    { /usr/bin/python3 -m venv "$cache/drgn" && "$cache/drgn/bin/pip" -q --disable-pip-version-check install drgn; } >&2 ||
      die "drgn cannot be installed from PyPI"
  fi
  echo "$cache/drgn/bin/python"
}
