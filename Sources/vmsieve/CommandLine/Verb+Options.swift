extension Verb {
  /// The options that may stand behind it: some of its own, and of those of a dump the ones that have a meaning.
  var options: [OptionDescription] {
    switch self {
    case .verify:
      [
        Self.json, OptionDescription(name: "sum", takesArgument: true, .applied(.writingSums)),
        Self.checkSum,
      ] + OptionTable.all.filter { $0.sets { $0.isForAll || $0.isForVerifying } }
    case .inspect:
      [
        Self.json, OptionDescription(name: "ndjson", .applied(.jsonLine)),
        OptionDescription(name: "html", takesArgument: true, .applied(.html)),
      ]
        + OptionTable.all.filter { $0.sets { $0.isForAll || $0.isForReading || $0.isForOverwriting } }
    case .bench:
      [Self.json, OptionDescription(name: "target-speed", takesArgument: true, .applied(.targetSpeed))]
        + OptionTable.all.filter { $0.sets { $0.isForAll || $0.isForReading || $0.isForBench } }
    case .repair:
      [Self.checkSum]
        + OptionTable.all.filter { $0.sets { $0.isForAll || $0.isForReading || $0.isForReplacing } }
    }
  }

  private static var checkSum: OptionDescription {
    OptionDescription(name: "check-sum", takesArgument: true, .applied(.checkingSums))
  }

  private static var json: OptionDescription { OptionDescription(name: "json", .applied(.json)) }
}

extension OptionDescription {
  /// Whether the option sets something of a kind.
  fileprivate func sets(_ isWanted: (Setting) -> Bool) -> Bool {
    if case .applied(let setting) = treatment { isWanted(setting) } else { false }
  }
}

extension OptionDescription.Setting {
  fileprivate var isForAll: Bool {
    if case .help = self { true } else { false }
  }

  fileprivate var isForVerifying: Bool {
    switch self {
    case .threads, .overwriting: true
    default: false
    }
  }

  /// What says how the vmcore is to be read and understood.
  fileprivate var isForReading: Bool {
    switch self {
    case .readingOnly, .vmlinux, .infoFile, .memoryEncryption(.key), .memoryEncryption(.mode),
      .memoryEncryption(.tweaks),
      .memoryEncryption(.view), .memoryEncryption(.region), .systemMap:
      true
    default: false
    }
  }

  fileprivate var isForBench: Bool {
    switch self {
    case .dumpLevels, .threads, .memoryEncryption(.policy): true
    default: false
    }
  }

  fileprivate var isForOverwriting: Bool {
    if case .overwriting = self { true } else { false }
  }

  fileprivate var isForReplacing: Bool {
    switch self {
    case .overwriting, .skippingDone, .threads, .debugMessages, .messageLevel, .memoryEncryption(.policy),
      .memoryEncryption(.stripping):
      true
    default: false
    }
  }
}
