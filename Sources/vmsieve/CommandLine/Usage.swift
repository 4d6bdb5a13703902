internal import PageCompression

/// The answer to `--help`.
enum Usage {
  static func text(calledAs name: String) -> String {
    """

    Usage: \(name) [OPTION].. VMCORE DUMPFILE
           \(name) --dump-dmesg [--partial-dmesg] VMCORE LOGFILE
           \(name) --mem-usage /proc/kcore
           \(name) -g INFO -x VMLINUX
           \(name) -R [--keep-partial] DUMPFILE < FLATTENED
           \(name) --split [OPTION].. VMCORE DUMPFILE1 DUMPFILE2 ..
           \(name) --split-part K/N [OPTION].. VMCORE PART
           \(name) --reassemble DUMPFILE1 DUMPFILE2 .. DUMPFILE
           \(name) verify [--sum FILE] [--check-sum FILE] DUMP ..
           \(name) inspect DUMP
           \(name) repair OLD.. NEW
           \(name) bench VMCORE

    Writes the memory in VMCORE (usually /proc/vmcore) to DUMPFILE, without the pages that
    nobody needs, in the kdump-compressed format that crash and drgn read.

      -c, -l, -p, -z       compress pages with zlib, lzo, snappy or zstd; the last one counts
      --compression-level N  of zlib 1 to \(Codec.zlib.levels?.upperBound ?? 0), of zstd -7 to 19 (default: 1)
      -d LEVEL[,LEVEL..]   leave out pages: 1 zero, 2 cache, 4 private cache, 8 user, 16 free,
                           or a sum of these (0 to 31; default 0); further levels are tried
                           when the dump of the one before did not fit
      -E                   write an ELF core, which gdb reads too; not with a compression
      -L SIZE              write at most SIZE bytes (suffixes K M G T P E)
      --deadline SECONDS   close the dump after SECONDS, the kernel's own pages written first
      -F                   write to stdout, in the flattened form, and every message to stderr
      -R                   make DUMPFILE of the flattened dump on stdin
      --keep-partial       of a flattened dump that was cut, keep what arrived
      --split              write several files with about as many pages each
      --split-part K/N     write only the K-th of the N files that --split would write
      --splitblock-size K  cut between blocks of K KiB of memory only (default: 16 MiB)
      --reassemble         make one dump of the files of a split one
      --unchecked          join files that verify has found sound: copy their pages without a look
      -f                   overwrite DUMPFILE if it exists
      --skip-done          leave DUMPFILE alone if it was made of the same so and is sound; else it
                           appears whole or not at all
      --num-threads N      compress with N threads (default: as many as usable processors)
      --max-memory SIZE    use fewer threads where more memory than SIZE would be taken
      --non-mmap           read VMCORE and do not map it
      --dry-run            do everything except writing
      --show-stats         print how many pages of each kind were found (message level 16)
      --message-level N    sum of 1 progress, 2 common, 4 error, 8 debug, 16 report (default 7)
      -D                   print debug messages (message level 8)
      --sme auto|off|require  repair what memory encryption (AMD SME) did to low memory; more
                           options for it are in the manual: --backup-region, --sme-key,
                           --sme-mode, --sme-tweaks, --sme-view, --sme-strip, --system-map
      -x VMLINUX           take what the vmcore does not tell of its kernel from this file
      -i INFO              the same from a file that -g wrote, which counts against the vmcore's
      -g INFO              write what -x tells to INFO
      --config FILE        erase what FILE names (man vmsieve.conf)
      --keep-comm NAME,..  keep the pages of the processes of these names at every dump level
      --report FILE        write what inspect tells of the crash to FILE, too
      --vtop ADDR          print the physical address of a virtual one, and the walk to it, too
      --mem-usage          count the pages of this running machine by kind
      --dump-dmesg         write the dead kernel's messages to LOGFILE, or with -F to stdout
      --partial-dmesg      only those since the log was last cleared
      --check-params       check the command line only; touch no file
      -v                   print the version
      -h, --help           print this text

    verify reads every page of a dump; inspect tells why the kernel crashed and what dumps would
    take; repair makes a dump of what is intact of a broken one, and undoes what memory
    encryption did to it; bench measures codecs and threads. Each answers to --help.

    Accepted and without effect: -b, --cyclic-buffer, --work-dir, --xen-syms, --xen-vmcoreinfo,
      --xen_phys_start.
    Accepted with a warning, for they only leave out more: -e, -X, --extension.
    Not supported by this version: --eppic --diskset.

    Exit status: 0 the dump is complete, 1 it is not, 2 the kernel is another one, 75 try again
    (--split-part, --reassemble, --skip-done and the verbs).
    """
  }
}
