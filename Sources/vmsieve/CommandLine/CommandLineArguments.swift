internal import CLinux

/// The words of a command line, the program's name first.
///
/// Everything above works with `String`, and a path that is not UTF-8 would come out of one changed: such a
/// word is remembered, so that it is refused instead of another file being opened.
struct CommandLineArguments {
  var words: [String]
  /// The place of the first word that is not UTF-8.
  var firstUnreadable: Int?

  init(_ words: [String]) {
    self.words = words
  }

  /// The words that the kernel handed to this process.
  static func ofProcess() -> CommandLineArguments {
    var arguments = CommandLineArguments([])
    let count = Int(clinux_argument_count())
    guard count > 0, let vector = unsafe clinux_argument_vector() else { return arguments }
    for index in 0..<count {
      guard let word = unsafe vector[index] else { break }
      if let text = unsafe String(validatingCString: word) {
        arguments.words.append(text)
      } else {
        arguments.words.append(unsafe String(cString: word))
        if arguments.firstUnreadable == nil { arguments.firstUnreadable = index }
      }
    }
    return arguments
  }
}
