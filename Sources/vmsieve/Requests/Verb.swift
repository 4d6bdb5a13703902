/// A word that, as the first operand, names another task than creating a dump.
enum Verb: String, CaseIterable, Equatable {
  case repair
  case inspect
  case verify
  case bench

  /// The verb that a command line begins with, unless it is the name of a file.
  ///
  /// - Parameter fileExists: looks for a file of that name.
  static func first(of words: [String], fileExists: (String) -> Bool) -> Verb? {
    guard words.count > 1, let verb = Verb(rawValue: words[1]), !fileExists(words[1]) else { return nil }
    return verb
  }

  /// How many files it may be about: a split dump is verified and repaired as a whole, all its files together.
  var operandCounts: ClosedRange<Int> {
    switch self {
    case .repair: 2...Int.max
    case .verify: 1...Int.max
    case .inspect, .bench: 1...1
    }
  }
}
