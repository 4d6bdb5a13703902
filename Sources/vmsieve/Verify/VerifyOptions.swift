/// What stands behind `verify` on the command line.
struct VerifyOptions: Equatable {
  var dump = ""
  var usesJSON = false
  var showsHelp = false

  /// Returns nil for an unknown option, and unless there is just one dump.
  init?(_ words: some Sequence<String>) {
    var operands: [String] = []
    var takesOptions = true
    for word in words {
      switch word {
      case "--" where takesOptions: takesOptions = false
      case "--json" where takesOptions: usesJSON = true
      case "-h" where takesOptions, "--help" where takesOptions: showsHelp = true
      default:
        if takesOptions, word.hasPrefix("-"), word != "-" { return nil }
        operands.append(word)
      }
    }
    if showsHelp { return }
    guard operands.count == 1 else { return nil }
    dump = operands[0]
  }

  static func usage(calledAs name: String) -> String {
    """

    Usage: \(name) verify [--json] DUMP

    Reads every page of DUMP and says whether all of them can be read: a kdump-compressed
    dump or an ELF core, flattened or not.

      --json       print one JSON object instead of text
      -h, --help   print this text

    Exit status: 0 the dump is complete and sound, 1 it is not.
    """
  }
}
