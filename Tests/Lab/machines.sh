# shellcheck shell=bash disable=SC2034 # boot uses them
# Every machine by name: what is special about it. All else is said here first.
#
# A machine's `modules` are added to the common ones of its first kernel, `capture_modules` to those of its capture kernel, and
# `own_module` is one of guest/; `script` is a file of guest/ that its first kernel runs after the workload, and whose failure
# fails the machine; `crash` is one that it runs instead of the sysrq trigger; `own_program` is one of secrets/, for
# /bin. `kernel_arguments` go to the first kernel,
# `capture_arguments` to the capture kernel and `machine_arguments` to QEMU; `more_memory` follows `memory`
# (",slots=2,maxmem=4G") and `plugged` of it are DIMMs, which QEMU's balloon counts; the disk for the vmcore has `room` beside `memory`.

describe_machine() { # NAME
  mode=kdump memory=640M reserve=160M cpu=qemu64 processors=2 loading=-c capture_cpus=1
  kernel_arguments='' capture_arguments='' machine_arguments=() more_memory='' plugged=0 room=256M
  modules='' capture_modules='' script='' crash='' archive='' own_module='' own_program=''
  qemu=qemu-system-x86_64 console='ttyS0' quiet='mitigations=off no_timer_check' userland=''
  case $1 in
    5.10 | 6.1 | 6.12 | 6.16 | 6.18 | 7.2 | 7.3 | distribution) kernel=$1 ;;
    # Five-level page tables; and the other system call to load the capture kernel, which has no backup region.
    6.1-la57) kernel=6.1 cpu=qemu64,+la57 loading=-s ;;
    # Two nodes, and a third of the memory above 4 GiB: the hole costs nothing. Below it there must be room for the capture
    # kernel wherever the kernel put itself.
    6.12-numa)
      kernel=6.12 loading=-s memory=704M
      machine_arguments=(-machine "pc,max-ram-below-4g=480M"
        -object "memory-backend-ram,id=near,size=384M" -object "memory-backend-ram,id=far,size=320M"
        -numa "node,nodeid=0,cpus=0,memdev=near" -numa "node,nodeid=1,cpus=1,memdev=far") ;;
    6.1-guest) kernel=6.1 mode=guestdump ;;
    # The hypervisor dumps while the capture kernel runs, whose low memory is no longer the first kernel's.
    6.1-captured) kernel=6.1 mode=captured memory=512M reserve=128M own_module=low ;;
    # Slabs in the memory that the backup saves.
    6.1-low | 6.12-low) kernel=${1%-low} memory=512M reserve=128M own_module=low ;;
    # The same where the kernel fills what it frees, and what it allocates, with other bytes than it finds there.
    6.1-slub-p | 6.12-slub-p) kernel=${1%%-*} memory=512M reserve=128M own_module=low kernel_arguments=slub_debug=P ;;
    6.1-slub-fzpu | 6.12-slub-fzpu) kernel=${1%%-*} memory=512M reserve=128M own_module=low kernel_arguments=slub_debug=FZPU ;;
    6.1-page-poison | 6.12-page-poison) kernel=${1%%-*} memory=512M reserve=128M own_module=low kernel_arguments=page_poison=1 ;;
    6.1-init-on-free | 6.12-init-on-free) kernel=${1%%-*} memory=512M reserve=128M own_module=low kernel_arguments=init_on_free=1 ;;
    # Memory of other kinds than what was there at boot: a DIMM, half of what virtio-mem could have, persistent memory. The
    # capture kernel finds the DIMM too, and would use it, and with it what the dead kernel had there; that of 6.12-onlined does.
    6.12-memory | 6.12-onlined)
      kernel=6.12 loading=-s memory=768M reserve=224M more_memory=,slots=4,maxmem=4G plugged=128M room=768M
      modules='virtio_mem nfit nd_pmem nd_btt' capture_modules=virtio_mem script=memory.sh capture_arguments=memhp_default_state=offline
      machine_arguments=(-machine "pc,nvdimm=on"
        -object "memory-backend-ram,id=dimm,size=128M" -device "pc-dimm,memdev=dimm"
        -object "memory-backend-ram,id=plugged,size=512M" -device "virtio-mem-pci,memdev=plugged,requested-size=200M"
        -object "memory-backend-ram,id=persistent,size=64M" -device "nvdimm,memdev=persistent")
      [[ $1 = 6.12-memory ]] || capture_arguments=memhp_default_state=online ;;
    # One processor off line, one that hangs where no NMI reaches it, and the panic inside an NMI.
    6.1-processors) kernel=6.1 processors=4 own_module=nmi script=processors.sh crash=nmi-crash.sh ;;
    # Threads that are blocked in a module, and a page fault of that module inside an interrupt.
    6.1-blocked | 6.12-blocked) kernel=${1%-blocked} own_module=blocked script=blocked.sh crash=blocked-crash.sh ;;
    # A crash of the kind that the name ends with.
    6.1-crash-* | 6.12-crash-*)
      kernel=${1%%-*} memory=512M reserve=128M processors=1 own_module=crashes crash=crashes.sh
      kernel_arguments=lab_crash=${1##*-} ;;
    # Keys of known value, by the kernel's own AES and by that of processors.
    5.10-secrets | 6.1-secrets | 6.12-secrets | 7.3-secrets)
      kernel=${1%-secrets} memory=512M reserve=128M script=../secrets/secrets.sh own_program=secrets first_programs=("$cache/secrets")
      modules='dm_crypt tls esp4 xfrm_user wireguard xts gcm essiv seqiv echainiv jitterentropy_rng ctr cbc ecb authenc algif_skcipher'
      # Others by 7.3, which has these in its library.
      [[ $1 = 7.3-secrets ]] || modules+=' ghash_generic sha512_generic drbg'
      [[ $1 = 6.1-secrets ]] || modules+=' aesni_intel' cpu=qemu64,+aes,+ssse3,+sse4.1,+sse4.2,+pclmulqdq
      # Debian's 5.10 has no TLS; its page cache is another, and files are all that it is for.
      [[ $1 != 5.10-secrets ]] || modules='' kernel_arguments=lab_secrets=files ;;
    # Another architecture, with a busybox and a kexec of its own and without the workload: pages of 4 KiB, and of 16 KiB with 52 bits
    # of addresses (LPA2) or, on an older processor, with 47.
    arm64-6.1 | arm64-7.3-16k | arm64-7.3-16k-47 | arm64-6.1-guest)
      kernel=${1%-guest} memory=768M reserve=256M cpu=cortex-a72 room=512M
      kernel=${kernel%-47}
      qemu=qemu-system-aarch64 console=ttyAMA0 quiet='' userland=$cache/arm64
      machine_arguments=(-machine "virt,gic-version=3")
      case $1 in
        *-guest) mode=guestdump ;;
        *-47) cpu=cortex-a76 ;;
        *-16k) cpu=max,pauth-impdef=on ;;
      esac ;;
    # For timing: most of its memory is programs and libraries, in RAM disks, which every level keeps, and in the cache.
    bench) kernel=$(first_kernel) memory=1536M archive=512M ;;
    # The same, smaller, for the capture kernel, which writes to a disk.
    6.1-bench | 6.12-bench) kernel=${1%-bench} memory=512M archive=128M capture_modules='crc32c_generic ext4' ;;
    # For what is cut into parts: large, and most of it free.
    6.1-8g) kernel=6.1 mode=guestdump memory=8G archive=512M ;;
    # For what a target beside the collector takes: LUKS, and a network.
    6.1-target | 6.12-target)
      kernel=${1%-target} memory=768M reserve=256M machine_arguments=(-nic "user,model=virtio-net-pci")
      capture_modules='crc32c_generic ext4 dm_crypt xts ecb cbc aes_generic sha256_generic algif_skcipher virtio_net' ;;
    *) die "no machine is called $1 (${tested_machines[*]} ${further_machines[*]} bench 6.1-8g)" ;;
  esac
}

# Those that `make test` wants, those that `make sme-matrix` wants, and those that `make test-all` wants besides.
tested_machines=(6.1 6.12 5.10 7.3 6.1-la57 6.12-numa 6.1-guest 6.1-captured 6.1-low 6.12-low 6.1-blocked 6.12-blocked 6.1-secrets 6.12-secrets arm64-6.1)
poisoned_machines=({6.1,6.12}-{slub-p,slub-fzpu,page-poison,init-on-free})
crashed_machines=({6.1,6.12}-crash-{bug,null,wild,noncanonical,list,doublefree,softlockup,hung,warn,overflow,divide,oom})
further_machines=(
  arm64-7.3-16k arm64-7.3-16k-47 arm64-6.1-guest 6.16 6.18 7.2 6.12-memory 6.1-processors 7.3-secrets 5.10-secrets "${poisoned_machines[@]}" "${crashed_machines[@]}"
)
