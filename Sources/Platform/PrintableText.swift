/// Text for a terminal or a log, and the only thing that a ``StandardStream`` writes.
///
/// What a dump says of itself is in it: that may not move the cursor, give the window a title, or pass for a line of our
/// own. Characters that could do so are shown as `\x1b` or `\u{202e}`.
public struct PrintableText: Sendable {
  let text: String

  /// A line, to which its end is added.
  public init(line: String) {
    text = Self.escaped(line) + "\n"
  }

  public init(lines: [String]) {
    text = lines.map { Self.escaped($0) + "\n" }.joined()
  }

  /// A line that is drawn over the one before, and over which the next may be drawn unless it is the last.
  public init(redrawnLine line: String, isLast: Bool) {
    text = "\r" + Self.escaped(line) + (isLast ? "\n" : "")
  }

  /// The end of a line that is there already.
  public static let lineEnd = PrintableText(line: "")

  static func escaped(_ line: String) -> String {
    if line.utf8.allSatisfy({ 0x20...0x7e ~= $0 || $0 == 0x09 }) { return line }
    var result = ""
    for scalar in line.unicodeScalars {
      if scalar.isPrintable || scalar == "\t" {
        result.unicodeScalars.append(scalar)
      } else {
        let digits = String(scalar.value, radix: 16)
        result +=
          scalar.value < 0x100 ? "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  /// Whether the character shows as itself, and changes nothing of what stands around it: controls do, and so do marks
  /// that turn the direction of writing.
  var isPrintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
    default: true
    }
  }
}
