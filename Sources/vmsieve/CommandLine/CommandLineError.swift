/// Why a command line cannot be obeyed.
enum CommandLineError: Error, Equatable {
  /// An unknown option, or a wrong number of operands.
  case invalid
  /// Options that exclude each other, in makedumpfile's words.
  case conflict(String)
  case dumpLevel(Int32)
  /// More dump levels than ``OptionParser/mostDumpLevels``.
  case tooManyDumpLevels
  case messageLevel(Int32)
  /// What was given for `-L`.
  case sizeLimit(String)
  /// An option whose argument is not one of those that it takes.
  case argument(option: String, String, expected: String)
  /// An option of makedumpfile's that this version does not have.
  case notSupported(option: String, advice: String)
  /// A verb that is not the first word, and no file's name.
  case verbNotFirst(Verb)
  /// The place of a word that is not UTF-8.
  case notUTF8(Int)

  /// Says it: what makedumpfile says too goes where it says it, to the common messages.
  ///
  /// - Parameter verb: what the line began with.
  func tell(_ messages: Messages, verb: Verb? = nil) {
    switch self {
    case .conflict(let sentence):
      messages.common(sentence)
      CommandLineError.invalid.tell(messages)
    case .invalid:
      let help = messages.programName + (verb.map { " " + $0.rawValue } ?? "") + " --help"
      messages.common("Commandline parameter is invalid.")
      messages.common("Try `\(help)' for more information.")
    case .dumpLevel(let level):
      messages.common("Dump_level(\(level)) is invalid.")
    case .tooManyDumpLevels:
      messages.common("Dump_level is invalid.")
    case .messageLevel(let level):
      messages.common("Message_level(\(level)) is invalid.")
    case .sizeLimit(let text):
      messages.common("Limit size(\(text)) is invalid.")
    case .argument(let option, let text, let expected):
      messages.error("\(option) \(text) is invalid: \(expected)")
    case .notSupported(let option, let advice):
      messages.error("this version does not support \(option): \(advice)")
    case .verbNotFirst(let verb):
      messages.error(
        "`\(verb.rawValue)' is not the first word, and there is no file of this name:"
          + " \(messages.programName) \(verb.rawValue) --help tells how it is used")
    case .notUTF8(let index):
      messages.error("word \(index) of the command line is not UTF-8: rename the file, or link to it")
    }
  }
}
