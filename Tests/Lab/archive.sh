# shellcheck shell=bash disable=SC2154 # cache is the lab's
# Debian's archive: the host's own package lists, and lists of other suites that the lab keeps for itself.

# The suite that has a series of kernels where the host's lists have none.
suite_of() { # KERNEL
  case $1 in
    5.10) echo bullseye-security ;;
    6.1) echo bookworm ;;
    6.12) echo trixie ;;
    6.16 | 6.18 | 7.3) echo trixie-backports ;;
    7.2) echo sid ;;
    # Another architecture's lists are beside those of this one.
    arm64-*) echo "arm64/$(suite_of "$(sed 's/^arm64-//; s/-16k$//' <<< "$1")")" ;;
  esac
}

# The first address of a Debian archive among the host's sources; nothing on another distribution.
mirror() { # /debian|/debian-security
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
    sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\).*/\2/p' |
    sed -n "s|/*\$||; \\|$1\$|{p;q}"
}

# archive SUITE get|cache ARGUMENTS...: apt with the lists of SUITE, or with the host's where SUITE is "".
#
# Lists of another suite lie in the lab and leave the system's as they are. A suite whose support has ended has a Release
# file that is too old; its signature is checked all the same.
archive() {
  local suite=$1 tool=$2 lists=$cache/archive/$1
  shift 2
  if [[ -z $suite ]]; then
    "apt-$tool" "$@"
  else
    APT_CONFIG=$lists/apt.conf "apt-$tool" "$@"
  fi
}

# Fetches package lists, once a day.
refresh() { # SUITE
  local suite=$1 lists=$cache/archive/$1 uri at as_root=()
  command -v apt-get >/dev/null || die "kernels come from a Debian or Ubuntu archive, and there is no apt here"
  if [[ -z $suite ]]; then
    [[ -z $(find "$cache/archive/host" -mmin -720 2>/dev/null) ]] || return 0
    ((EUID == 0)) || as_root=(sudo)
    "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 || die "apt-get update failed"
    mkdir -p "$cache/archive"
    touch "$cache/archive/host"
    return
  fi
  [[ -z $(find "$lists/apt.conf" -mmin -720 2>/dev/null) ]] || return 0
  uri=$(mirror /debian)
  # Beside it, where the sources do not name it.
  [[ $suite != *-security || -z $uri ]] || uri=$(mirror /debian-security | grep . || echo "$uri-security")
  [[ -n $uri ]] || return 3
  # Whoever asks for the status switches set -e off.
  {
    at=$(mktemp -d "$cache/archive.XXXXXX") && mkdir -p "$at"/{lists/partial,cache/archives/partial,none} &&
      : > "$at/status" && echo "deb [check-valid-until=no] $uri ${suite#*/} main" > "$at/sources" &&
      apt_configuration "$at" "$suite" > "$at/update.conf"
  } || die "cannot write to $cache"
  APT_CONFIG=$at/update.conf apt-get -qq update >&2 || {
    rm -rf "$at"
    say "no package lists of $suite from $uri"
    return 3
  }
  {
    mkdir -p "$(dirname "$lists")" && apt_configuration "$lists" "$suite" > "$at/apt.conf" && rm -rf "$lists" && mv -T "$at" "$lists"
  } || die "cannot write to $lists"
}

apt_configuration() { # FOLDER SUITE
  [[ $2 != */* ]] || printf 'APT::Architecture "%s";\nAPT::Architectures "%s";\n' "${2%/*}" "${2%/*}"
  cat <<CONFIGURATION
Dir::State "$1";
Dir::State::Lists "$1/lists";
Dir::State::status "$1/status";
Dir::Cache "$1/cache";
Dir::Etc::SourceList "$1/sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::PreferencesParts "$1/none";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "root";
APT::Update::Post-Invoke "";
APT::Update::Post-Invoke-Success "";
DPkg::Post-Invoke "";
CONFIGURATION
}

# Prints the releases (uname -r) of a suite's kernels, the newest last.
releases_in() { # SUITE
  # From 6.19 on the image of Debian is in linux-binary-RELEASE. Ubuntu's flavour for virtual machines is generic.
  archive "$1" cache pkgnames |
    sed -n 's/^linux-\(image\|binary\)-\([0-9][0-9a-z.+~-]*-\(amd64\|arm64\|arm64-16k\|generic\)\)$/\2/p' |
    grep -v -e cloud -e '-rt-' | sort -uV || true
}

# Prints the release that a kernel name stands for in a suite; nothing if it has none.
release_in() { # SUITE KERNEL
  local package
  if [[ $2 = distribution ]]; then
    for package in linux-image-amd64 linux-image-virtual; do
      archive "$1" cache depends "$package" 2>/dev/null | sed -n 's/^ *Depends: linux-image-\([0-9]\)/\1/p' | head -n 1
    done | head -n 1
  else
    local series=${2#arm64-} kind=''
    [[ $2 != *-16k ]] || kind=-16k
    series=${series%-16k}
    [[ $2 != arm64-* ]] || kind=-arm64$kind
    releases_in "$1" | grep "^${series//./\\.}[.-].*${kind}\$" | tail -n 1 || true
  fi
}

# Downloads a package and unpacks it below a folder. Status 1: the suite does not have it.
unpack() { # SUITE PACKAGE FOLDER
  local at
  # Of a name that others only depend on apt shows nothing, and is content.
  [[ -n $(archive "$1" cache show "$2" 2>/dev/null) ]] || return 1
  at=$(mktemp -d "$making/download.XXXXXX")
  (cd "$at" && archive "$1" get -qq -o APT::Sandbox::User=root download "$2" >&2) || die "cannot download $2"
  dpkg -x "$at"/*.deb "$3" || die "cannot unpack $2"
  rm -rf "$at"
}
