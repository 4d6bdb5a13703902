internal import CLinux

/// Walks a command line with the C library's `getopt_long`, so that clusters, abbreviations, interleaved
/// operands, `--` and POSIXLY_CORRECT are what they are in makedumpfile.
///
/// `getopt_long` keeps its state in globals: one scanner at a time.
@safe
struct OptionScanner: ~Copyable {
  enum Event {
    case option(OptionDescription, argument: String)
    /// Not an option, an ambiguous one, or one whose argument is missing or too much; `getopt_long` has
    /// already said so on stderr.
    case invalid
    case end
  }

  private let table: [OptionDescription]
  private let count: Int
  // getopt_long moves the operands to the end of this array.
  private let vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let letters: UnsafeMutablePointer<CChar>
  private let names: UnsafeMutablePointer<option>

  /// `getopt_long` returns a letter, or this much more than the place in the table of a long name.
  private static var firstNameValue: Int32 { 256 }

  init(_ words: [String], table: [OptionDescription]) {
    self.table = table
    count = words.count
    unsafe vector = .allocate(capacity: words.count + 1)
    for index in words.indices {
      unsafe (vector + index).initialize(to: strdup(words[index]))
    }
    unsafe (vector + words.count).initialize(to: nil)

    var letterText = ""
    unsafe names = .allocate(capacity: table.count + 1)
    var nameCount = 0
    for (index, description) in table.enumerated() {
      if description.letter != 0 {
        letterText.unicodeScalars.append(Unicode.Scalar(description.letter))
        if description.takesArgument { letterText += ":" }
      }
      if description.name.utf8CodeUnitCount > 0,
        description.isAbbreviated || words.contains(where: { description.isSpelt(by: $0) })
      {
        // A literal is never freed and ends in a NUL byte.
        let name = unsafe UnsafeRawPointer(description.name.utf8Start).assumingMemoryBound(to: CChar.self)
        unsafe (names + nameCount).initialize(
          to: option(
            name: name, has_arg: description.takesArgument ? required_argument : no_argument, flag: nil,
            val: Self.firstNameValue + Int32(index)))
        nameCount += 1
      }
    }
    unsafe (names + nameCount).initialize(to: option())
    unsafe letters = strdup(letterText)
    clinux_reset_getopt()
  }

  deinit {
    for index in 0..<count { unsafe free(vector[index]) }
    unsafe vector.deallocate()
    unsafe free(letters)
    unsafe names.deallocate()
  }

  mutating func next() -> Event {
    // The vector holds the same pointers, whatever their constness.
    let value = unsafe getopt_long(Int32(count), vector, letters, names, nil)
    if value == -1 { return .end }
    let description: OptionDescription
    if value >= Self.firstNameValue {
      description = table[Int(value - Self.firstNameValue)]
    } else if let found = table.first(where: { $0.letter != 0 && Int32($0.letter) == value }) {
      description = found
    } else {
      return .invalid
    }
    guard description.takesArgument, let argument = unsafe clinux_optarg() else {
      return .option(description, argument: "")
    }
    return .option(description, argument: unsafe String(cString: argument))
  }

  /// The words that are no options, in order; to be asked for after the end.
  var operands: [String] {
    var operands: [String] = []
    for index in min(Int(clinux_optind()), count)..<count {
      if let word = unsafe vector[index] { operands.append(unsafe String(cString: word)) }
    }
    return operands
  }
}
