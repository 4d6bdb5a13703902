internal import PageCompression

/// One option of makedumpfile's, and what this program does with it.
struct OptionDescription {
  enum Treatment {
    case applied(Setting)
    /// Accepted, and without meaning here: the value is not even looked at.
    case ignored
    /// Accepted: the dump has more pages than was asked for, and a warning says why.
    ///
    /// - Parameter whenChecking: whether `--check-params` says it already; makedumpfile has nothing to say there of what
    ///   it does itself.
    case lacking(warning: StaticString, whenChecking: Bool = false)
    /// Refused, with what the user can do instead.
    case refused(advice: StaticString)
  }

  /// What a supported option sets.
  enum Setting {
    case compression(Codec)
    case compressionLevel
    case dumpLevels
    case overwriting
    case debugMessages
    case version
    case help
    case sizeLimit
    case deadline
    case memoryLimit
    case targetSpeed
    case messageLevel
    case threads
    case readingOnly
    case dryRun
    case statistics
    case checkingOnly
    case memoryEncryption(SMEOptions.Setting)
    case systemMap
    case flattening
    case log
    case partialLog
    case rearranging
    case keepingPartial
    case vmlinux
    case infoFile
    case generating
    case translating
    case memoryUsage
    case erasing
    case keepingProcesses
    case json
    case jsonLine
    case html
    case reporting
    case writingSums
    case checkingSums
    case elf
    case splitting
    case splitPart
    case skippingDone
    case splitBlock
    case reassembling
    case copyingUnchecked
  }

  /// The letter, 0 where there is none.
  let letter: UInt8
  /// The long name; empty where there is none.
  let name: StaticString
  let takesArgument: Bool
  /// Whether the long name may be abbreviated. One of our own that begins as one of makedumpfile's may not, or the other's
  /// abbreviations would no longer be good.
  let isAbbreviated: Bool
  let treatment: Treatment

  init(
    letter: Unicode.Scalar? = nil, name: StaticString = "", takesArgument: Bool = false,
    isAbbreviated: Bool = true, _ treatment: Treatment
  ) {
    self.isAbbreviated = isAbbreviated
    self.letter = letter.map { UInt8($0.value) } ?? 0
    self.name = name
    self.takesArgument = takesArgument
    self.treatment = treatment
  }

  /// Whether a word is the option, its long name written out.
  func isSpelt(by word: String) -> Bool { word == spelling || word.hasPrefix(spelling + "=") }

  /// The option as a user writes it: `--name`, or `-x` where there is no long name.
  var spelling: String {
    name.utf8CodeUnitCount > 0 ? "--\(name)" : "-" + String(Character(Unicode.Scalar(letter)))
  }
}
