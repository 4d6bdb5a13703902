# shellcheck shell=bash disable=SC2034 # boot uses them
# Every machine by name: what is special about it. All else is said here first.
#
# A machine's `modules` are added to the common ones; `script` is a file of guest/ that its first kernel runs after the
# workload, and whose failure fails the machine; `crash` is one that it runs instead of the sysrq trigger. `kernel_arguments` go
# to the first kernel, `capture_arguments` to the capture kernel and `machine_arguments` to QEMU; `more_memory` follows `memory`
# (",slots=2,maxmem=4G"), and the disk for the vmcore has `room` beside `memory`.

describe_machine() { # NAME
  mode=kdump memory=640M reserve=160M cpu=qemu64 processors=2 file_load='' capture_cpus=1
  kernel_arguments='' capture_arguments='' machine_arguments=() more_memory='' room=256M
  modules='' script='' crash='' archive='' low=''
  case $1 in
    5.10 | 6.1 | 6.12 | 6.16 | 6.18 | 7.2 | 7.3 | distribution) kernel=$1 ;;
    # Five-level page tables; and the other system call to load the capture kernel, which has no backup region.
    6.1-la57) kernel=6.1 cpu=qemu64,+la57 file_load=-s ;;
    # Two nodes, and a third of the memory above 4 GiB: the hole costs nothing. Below it there must be room for the capture
    # kernel wherever the kernel put itself.
    6.12-numa)
      kernel=6.12 file_load=-s memory=704M
      machine_arguments=(-machine "pc,max-ram-below-4g=480M"
        -object "memory-backend-ram,id=near,size=384M" -object "memory-backend-ram,id=far,size=320M"
        -numa "node,nodeid=0,cpus=0,memdev=near" -numa "node,nodeid=1,cpus=1,memdev=far") ;;
    6.1-guest) kernel=6.1 mode=guestdump ;;
    # The hypervisor dumps while the capture kernel runs, whose low memory is no longer the first kernel's.
    6.1-captured) kernel=6.1 mode=captured memory=512M reserve=128M low=1 ;;
    # Slabs in the memory that the backup saves.
    6.1-low | 6.12-low) kernel=${1%-low} memory=512M reserve=128M low=1 ;;
    # For timing: most of its memory is programs and libraries, in RAM disks, which every level keeps, and in the cache.
    bench) kernel=$(first_kernel) memory=1536M archive=512M ;;
    *) die "no machine is called $1 (${tested_machines[*]} ${further_machines[*]} bench)" ;;
  esac
}

# Those that `make test` wants, and those that `make test-all` wants besides.
tested_machines=(6.1 6.12 5.10 7.3 6.1-la57 6.12-numa 6.1-guest 6.1-captured 6.1-low 6.12-low)
further_machines=(6.16 6.18 7.2)
