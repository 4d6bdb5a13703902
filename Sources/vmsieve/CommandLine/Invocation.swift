/// A command line as it was understood.
struct Invocation: Equatable {
  var request: Request
  var messageLevel: MessageLevel
  /// Whether stdout is the dump's.
  var leavesOutputAlone: Bool
  /// Whether only the command line is looked at: no file is touched (`--check-params`).
  var checksOnly: Bool
  /// `--skip-done`: the words of the line that are no names of inputs and outputs; nil without.
  var wordsOfRecord: [String]?
  /// What the dump will have beyond what was asked for, a line each.
  var warnings: [String]
  /// Options that were given and have no meaning here, as a user writes them.
  var withoutEffect: [String]
}
