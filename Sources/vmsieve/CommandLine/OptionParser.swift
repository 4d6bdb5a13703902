internal import CLinux
internal import DumpMemory
internal import KernelModel

/// Turns a command line into an ``Invocation``, by makedumpfile's rules.
struct OptionParser {
  /// What is known so far: when parsing fails, how to say it is known from the options before the bad one.
  private(set) var options = Options()
  private let arguments: CommandLineArguments
  private let verb: Verb?

  /// More levels than this in one `-d` are refused.
  static let mostDumpLevels = 32
  static let highestDumpLevel: Int32 = 31

  private var shownDebug = false
  private var shownStatistics = false
  private var wantsHelp = false
  private var wantsVersion = false
  private var refused: CommandLineError?

  /// - Parameter verb: what the line begins with; its own options are then the only ones.
  init(_ arguments: CommandLineArguments, verb: Verb? = nil) {
    self.arguments = arguments
    self.verb = verb
    if verb == .bench { options.dumpLevels = [BenchRequest.usualLevel] }
  }

  /// Reads the whole line. Values are checked in the order given; what is not supported is said only after
  /// all of them, so that `--help` is answered in any company.
  ///
  /// - Parameter fileExists: looks for a file of that name; called only for a verb's.
  mutating func parse(fileExists: (String) -> Bool) throws(CommandLineError) -> Invocation {
    var words = arguments.words
    if verb != nil { words.remove(at: 1) }
    var scanner = OptionScanner(words, table: verb?.options ?? OptionTable.all)
    scan: while true {
      switch scanner.next() {
      case .option(let description, let argument):
        try accept(description, argument: argument)
      case .invalid:
        // `inspect --json FILE` fails here, and not for the reason that getopt gives.
        if verb == nil, arguments.words.count > 1 {
          try refuseVerb(arguments.words[1], fileExists: fileExists)
        }
        throw .invalid
      case .end:
        break scan
      }
    }
    if shownDebug { options.messageLevel.insert(.debug) }
    if shownStatistics { options.messageLevel.insert(.report) }
    if options.checksOnly { options.messageLevel = .default }

    if wantsHelp || wantsVersion { return options.invocation(wantsHelp ? .help(verb) : .version) }
    if let refused { throw refused }
    if let index = arguments.firstUnreadable { throw .notUTF8(index) }
    let operands = scanner.operands
    if verb == nil, let first = operands.first { try refuseVerb(first, fileExists: fileExists) }
    let maker = RequestMaker(options: options, operands: operands)
    let record = options.skipsDone ? Self.without(operands, words.dropFirst()) : nil
    guard let verb else { return options.invocation(try maker.request(), wordsOfRecord: record) }
    let request = try maker.request(of: verb)
    // Its answer has stdout for itself.
    if verb == .inspect || verb == .bench { options.messageLevel.remove(.common) }
    return options.invocation(request, wordsOfRecord: record)
  }

  /// The words of a line but for its operands, which stand behind options in most lines.
  private static func without(_ operands: [String], _ words: ArraySlice<String>) -> [String] {
    var words = Array(words)
    for operand in operands.reversed() {
      if let place = words.lastIndex(of: operand) { words.remove(at: place) }
    }
    return words
  }

  private mutating func accept(_ description: OptionDescription, argument: String)
    throws(CommandLineError)
  {
    switch description.treatment {
    case .applied(let setting):
      try apply(setting, argument)
    case .ignored:
      options.withoutEffect.append(description.spelling)
    case .lacking(let warning, let whenChecking):
      options.withoutEffect.append(description.spelling)
      let value = description.takesArgument ? " \(argument)" : ""
      let line = "\(description.spelling)\(value) has no effect: \(warning)"
      if whenChecking { options.warningsWhenChecking.append(line) }
      options.warnings.append(line)
    case .refused(let advice):
      guard refused == nil else { return }
      refused = .notSupported(option: description.spelling, advice: "\(advice)")
    }
  }

  private mutating func apply(_ setting: OptionDescription.Setting, _ argument: String)
    throws(CommandLineError)
  {
    switch setting {
    case .compression(let codec):
      options.codec = codec
    case .compressionLevel:
      options.compressionLevel = argument
    case .dumpLevels:
      try setDumpLevels(argument)
    case .overwriting:
      options.overwrites = true
    case .debugMessages:
      shownDebug = true
    case .version:
      wantsVersion = true
    case .help:
      wantsHelp = true
    case .sizeLimit:
      guard let size = SizeArgument.parse(argument) else { throw .sizeLimit(argument) }
      options.sizeLimit = size
    case .targetSpeed:
      guard let speed = UInt64(argument), (1...1_000_000).contains(speed) else {
        throw .argument(
          option: "--target-speed", argument, expected: "megabytes a second, from 1 to 1000000")
      }
      options.targetSpeed = speed * 1_000_000
    case .memoryLimit:
      guard let size = SizeArgument.parse(argument), size > 0 else {
        throw .argument(
          option: "--max-memory", argument, expected: "bytes, or a number with K, M or G")
      }
      options.memoryLimit = size
    case .deadline:
      guard let seconds = UInt64(argument), (1...DumpRequest.longestDeadline).contains(seconds) else {
        throw .argument(
          option: "--deadline", argument,
          expected: "a number of seconds, from 1 to \(DumpRequest.longestDeadline)")
      }
      options.deadline = seconds
    case .messageLevel:
      let level = Self.number(argument)
      guard let known = MessageLevel(level) else {
        // Or nobody would hear of it.
        options.messageLevel = .default
        throw .messageLevel(level)
      }
      if !options.checksOnly { options.messageLevel = known }
    case .threads:
      // 0 and below are makedumpfile's way to say that the option was not given.
      let threads = Self.number(argument)
      options.threads = threads > 0 ? Int(threads) : nil
    case .readingOnly:
      options.memory.isMapped = false
    case .dryRun:
      options.isDryRun = true
    case .statistics:
      shownStatistics = true
    case .checkingOnly:
      options.checksOnly = true
      options.messageLevel = .default
    case .systemMap:
      options.memory.kernelFiles.systemMap = argument
    case .memoryEncryption(let setting):
      try options.memory.encryption.apply(setting, argument)
    case .flattening:
      options.flattens = true
    case .log:
      options.wantsLog = true
    case .partialLog:
      options.onlySinceClear = true
    case .rearranging:
      options.rearranges = true
    case .keepingPartial:
      options.keepsPartial = true
    case .vmlinux:
      options.memory.kernelFiles.vmlinux = argument
    case .infoFile:
      options.memory.infoFile = argument
    case .generating:
      options.generated = argument
    case .translating:
      options.memory.translated = AddressArgument.parse(argument)
    case .memoryUsage:
      options.wantsMemoryUsage = true
    case .erasing:
      options.memory.erasureFile = argument
    case .keepingProcesses:
      options.keptProcesses += argument.split(separator: ",").map { String($0) }
    case .json:
      options.usesJSON = true
    case .jsonLine:
      options.usesJSONLine = true
    case .reporting:
      options.report = argument
    case .html:
      options.page = argument
    case .writingSums:
      options.writtenSums = argument
    case .checkingSums:
      options.checkedSums = argument
    case .elf:
      options.writesELF = true
    case .splitting:
      options.splits = true
    case .skippingDone:
      options.skipsDone = true
    case .splitPart:
      guard let part = SplitPart(argument) else {
        throw .argument(
          option: "--split-part", argument,
          expected: "K/N, of N files, from 2 to \(SplitPart.mostParts), the one with number K, from 1 to N")
      }
      options.part = part
    case .splitBlock:
      options.splitBlock = Self.number(argument)
    case .reassembling:
      options.reassembles = true
    case .copyingUnchecked:
      options.isUnchecked = true
    }
  }

  private mutating func setDumpLevels(_ list: String) throws(CommandLineError) {
    var levels: [DumpLevel] = []
    for item in list.split(separator: ",") {
      let level = Self.number(String(item))
      guard (0...Self.highestDumpLevel).contains(level) else { throw .dumpLevel(level) }
      guard levels.count < Self.mostDumpLevels else { throw .tooManyDumpLevels }
      levels.append(DumpLevel(rawValue: Int(level)))
    }
    // A list of nothing but commas leaves the level as it was.
    options.dumpLevels = levels.isEmpty ? [options.dumpLevels[0]] : levels
  }

  private func refuseVerb(_ word: String, fileExists: (String) -> Bool) throws(CommandLineError) {
    guard let verb = Verb(rawValue: word), !options.checksOnly, !fileExists(word) else { return }
    throw .verbNotFirst(verb)
  }

  /// A number as makedumpfile reads it: what stands before the first character that is no digit, or 0.
  private static func number(_ text: String) -> Int32 {
    unsafe atoi(text)
  }
}
