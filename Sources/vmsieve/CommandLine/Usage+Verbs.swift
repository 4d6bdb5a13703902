extension Usage {
  /// The answer to `VERB --help`.
  static func text(of verb: Verb, calledAs name: String) -> String {
    switch verb {
    case .verify: verify(name)
    case .inspect: inspect(name)
    case .repair: repair(name)
    case .bench: bench(name)
    }
  }

  private static func verify(_ name: String) -> String {
    """

    Usage: \(name) verify [OPTION].. DUMP ..

    Reads every page of DUMP and says whether all of them can be read: a kdump-compressed
    dump or an ELF core, flattened or not, or all files of a split dump.

      --sum FILE          write the SHA-256 of every page to FILE, which must not exist yet
      -f                  replace FILE of --sum if it exists
      --check-sum FILE    compare every page with what --sum wrote to FILE: they are the same
                          whatever the format, compression and dump level of both dumps
      --num-threads N     read with N threads (default: as many as usable processors)
      --json              print one JSON object instead of text
      -h, --help          print this text

    Exit status: 0 the dump is complete and sound, and no page is another than in FILE;
    1 it is not; 75 pages could not be read, and may be at another time.
    """
  }

  private static func inspect(_ name: String) -> String {
    """

    Usage: \(name) inspect [--json | --ndjson] [--html FILE [-f]] [OPTION].. VMCORE

    Says what VMCORE tells, without a vmlinux: why the kernel crashed, what every processor
    and every blocked task did, modules, memory, slabs and the log's end; what its pages are
    and what dumps of it would take; and about memory encryption (AMD SME): how it was used,
    what it damaged, what can be repaired and why, and which memory was mapped encrypted.

      --json       print one JSON object instead of text
      --ndjson     the same on one line, and of a VMCORE that cannot be read the reason
      --html FILE  write it as a page, too, with plots of memory and of sizes
      -f           replace FILE if it exists
      --non-mmap   read VMCORE and do not map it
      -x, -i, --system-map, --backup-region, --sme-key, --sme-mode, --sme-tweaks,
      --sme-view   as when a dump is made
      -h, --help   print this text

    Exit status: 0 the question is answered, 1 VMCORE cannot be read, 75 it may be at another
    time.
    """
  }

  private static func bench(_ name: String) -> String {
    """

    Usage: \(name) bench [OPTION].. VMCORE

    Measures how fast this machine makes dumps of VMCORE, for every codec, with one thread
    and with more. Nothing is written. At the end stands the line for kdump.conf.

      -d LEVEL           dump level (default 31)
      --num-threads N    try up to N threads (default: as many as usable processors)
      --target-speed MB  what the target of the dump takes, in MB/s (default 200)
      --json             print one JSON object instead of text
      --non-mmap         read VMCORE and do not map it
      -x, -i, --system-map, --backup-region, --sme, --sme-key, --sme-mode, --sme-tweaks,
      --sme-view         as when a dump is made
      -h, --help         print this text

    Exit status: 0 it was measured, 1 VMCORE cannot be read, 75 it may be at another time.
    """
  }

  private static func repair(_ name: String) -> String {
    """

    Usage: \(name) repair [-f] [OPTION].. OLD.. NEW

    Writes to NEW what OLD is, an ELF vmcore or a kdump-compressed dump, but without what is
    broken in it, such as pages that were cut off or whose descriptors are lost, with a
    VMCOREINFO, and with what memory encryption (AMD SME) did to its low memory undone.
    Several files of OLD are what is left of a split dump. NEW appears whole or not at all.

      -f                   replace NEW if it exists
      --skip-done          leave NEW alone if it was made of the same so and is sound
      --check-sum FILE     leave out what is not as `verify --sum FILE' found it in the dump
                           when it was whole; what is, needs no other proof
      --sme auto|off|require
                           off: leave memory encryption alone; require: write nothing unless
                           all that it damaged can be repaired
      --num-threads N      read with N threads (default: as many as usable processors)
      --non-mmap           read OLD and do not map it
      --message-level N    sum of 1 progress, 2 common, 4 error, 8 debug (default 7)
      -D                   print debug messages: the evidence
      -x, -i, --system-map, --backup-region, --sme-key, --sme-mode, --sme-tweaks,
      --sme-view, --sme-strip
                           as when a dump is made
      -h, --help           print this text

    Exit status: 0 NEW is there, 4 it is and lacks pages, 1 it is not, 3 there was nothing
    to repair, and NEW is not written, 75 it may succeed at another time.
    """
  }
}
