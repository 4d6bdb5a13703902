internal import PageCompression

/// All of makedumpfile's options, and a few of our own: what is not in this table is unknown.
///
/// Abbreviations of long names depend on the whole list, so the names not supported stand here too:
/// `--sp` is ambiguous to both.
enum OptionTable {
  static var all: [OptionDescription] {
    supported + own + memoryEncryption + withoutEffect + lacking + notSupported
  }

  /// What makedumpfile does not have.
  private static var memoryEncryption: [OptionDescription] {
    [
      OptionDescription(name: "sme", takesArgument: true, .applied(.memoryEncryption(.policy))),
      OptionDescription(name: "sme-key", takesArgument: true, .applied(.memoryEncryption(.key))),
      OptionDescription(name: "sme-mode", takesArgument: true, .applied(.memoryEncryption(.mode))),
      OptionDescription(name: "sme-tweaks", takesArgument: true, .applied(.memoryEncryption(.tweaks))),
      OptionDescription(name: "sme-view", takesArgument: true, .applied(.memoryEncryption(.view))),
      OptionDescription(name: "sme-strip", .applied(.memoryEncryption(.stripping))),
      OptionDescription(name: "backup-region", takesArgument: true, .applied(.memoryEncryption(.region))),
      OptionDescription(name: "system-map", takesArgument: true, .applied(.systemMap)),
    ]
  }

  private static var supported: [OptionDescription] {
    [
      OptionDescription(letter: "c", .applied(.compression(.zlib))),
      OptionDescription(letter: "l", .applied(.compression(.lzo))),
      OptionDescription(letter: "p", .applied(.compression(.snappy))),
      OptionDescription(letter: "z", .applied(.compression(.zstd))),
      OptionDescription(letter: "E", .applied(.elf)),
      OptionDescription(letter: "d", takesArgument: true, .applied(.dumpLevels)),
      OptionDescription(letter: "f", .applied(.overwriting)),
      OptionDescription(letter: "F", .applied(.flattening)),
      OptionDescription(letter: "R", .applied(.rearranging)),
      OptionDescription(letter: "D", .applied(.debugMessages)),
      OptionDescription(letter: "v", .applied(.version)),
      OptionDescription(letter: "h", name: "help", .applied(.help)),
      OptionDescription(letter: "L", takesArgument: true, .applied(.sizeLimit)),
      OptionDescription(name: "message-level", takesArgument: true, .applied(.messageLevel)),
      OptionDescription(name: "non-mmap", .applied(.readingOnly)),
      OptionDescription(name: "num-threads", takesArgument: true, .applied(.threads)),
      OptionDescription(name: "dry-run", .applied(.dryRun)),
      OptionDescription(name: "show-stats", .applied(.statistics)),
      OptionDescription(name: "check-params", .applied(.checkingOnly)),
      OptionDescription(name: "dump-dmesg", .applied(.log)),
      OptionDescription(name: "partial-dmesg", .applied(.partialLog)),
      OptionDescription(name: "split", .applied(.splitting)),
      OptionDescription(name: "splitblock-size", takesArgument: true, .applied(.splitBlock)),
      OptionDescription(name: "reassemble", .applied(.reassembling)),
      OptionDescription(letter: "x", takesArgument: true, .applied(.vmlinux)),
      OptionDescription(letter: "i", takesArgument: true, .applied(.infoFile)),
      OptionDescription(letter: "g", takesArgument: true, .applied(.generating)),
      OptionDescription(name: "vtop", takesArgument: true, .applied(.translating)),
      OptionDescription(name: "mem-usage", .applied(.memoryUsage)),
      OptionDescription(name: "config", takesArgument: true, .applied(.erasing)),
    ]
  }

  /// What makedumpfile does not have.
  private static var own: [OptionDescription] {
    [
      OptionDescription(name: "keep-partial", .applied(.keepingPartial)),
      OptionDescription(name: "keep-comm", takesArgument: true, .applied(.keepingProcesses)),
      OptionDescription(name: "deadline", takesArgument: true, isAbbreviated: false, .applied(.deadline)),
      OptionDescription(
        name: "max-memory", takesArgument: true, isAbbreviated: false, .applied(.memoryLimit)),
      OptionDescription(
        name: "compression-level", takesArgument: true, isAbbreviated: false, .applied(.compressionLevel)),
      OptionDescription(name: "skip-done", isAbbreviated: false, .applied(.skippingDone)),
      OptionDescription(name: "unchecked", isAbbreviated: false, .applied(.copyingUnchecked)),
      OptionDescription(
        name: "split-part", takesArgument: true, isAbbreviated: false, .applied(.splitPart)),
      OptionDescription(name: "report", takesArgument: true, isAbbreviated: false, .applied(.reporting)),
    ]
  }

  private static var withoutEffect: [OptionDescription] {
    [
      OptionDescription(letter: "b", takesArgument: true, .ignored),
      OptionDescription(name: "cyclic-buffer", takesArgument: true, .ignored),
      OptionDescription(name: "work-dir", takesArgument: true, .ignored),
      OptionDescription(name: "xen-syms", takesArgument: true, .ignored),
      OptionDescription(name: "xen-vmcoreinfo", takesArgument: true, .ignored),
      OptionDescription(name: "xen_phys_start", takesArgument: true, .ignored),
    ]
  }

  /// What leaves out more pages: no reason to have no dump.
  private static var lacking: [OptionDescription] {
    [
      OptionDescription(
        letter: "e", .lacking(warning: "the page structures of pages that are left out stay in the dump")),
      OptionDescription(letter: "X", .lacking(warning: "it concerns dumps of a Xen hypervisor only")),
      OptionDescription(
        name: "extension", takesArgument: true,
        .lacking(
          warning: "it is not run, and every page is judged by the dump level alone", whenChecking: true)),
    ]
  }

  private static var notSupported: [OptionDescription] {
    let erase: StaticString = "erase with --config, or use makedumpfile for this dump"
    return [
      OptionDescription(name: "eppic", takesArgument: true, .refused(advice: erase)),
      OptionDescription(
        name: "diskset", takesArgument: true,
        .refused(advice: "sadump is not read, so use makedumpfile for it")),
    ]
  }
}
