/// How a message becomes a line.
struct LogMessage {
  /// Nanoseconds since the machine started (`ts_nsec`).
  var nanoseconds: UInt64
  /// Who printed it: a thread, or with bit 31 a processor (`caller_id`); nil where the kernel does not say.
  var caller: UInt32?

  private static let newline = UInt8(ascii: "\n")
  private static let space = UInt8(ascii: " ")

  /// Appends the message, each of its lines indented to the first, and a newline.
  func append(_ text: RawSpan, to output: inout [UInt8]) {
    let prefix = prefix
    output.append(contentsOf: prefix)
    for index in 0..<text.byteCount {
      let byte = unsafe text.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
      switch byte {
      case Self.newline:
        output.append(byte)
        for _ in prefix { output.append(Self.space) }
      default: Self.append(byte, to: &output)
      }
    }
    output.append(Self.newline)
  }

  /// Appends a character, as `\x1b` where it is none that can be shown.
  ///
  /// So are those that makedumpfile takes for blanks but that move a terminal's cursor: after a carriage return a message
  /// could be written over the time in front of it, or over the whole line.
  static func append(_ byte: UInt8, to output: inout [UInt8]) {
    switch byte {
    case 0x20...0x7e, UInt8(ascii: "\t"), newline:
      output.append(byte)
    default:
      output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "x")])
      output.append(digit(byte >> 4))
      output.append(digit(byte & 0xf))
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private var prefix: [UInt8] {
    var prefix = Array("[".utf8)
    prefix += Self.aligned(nanoseconds / 1_000_000_000, columns: 5, filling: Self.space)
    prefix.append(UInt8(ascii: "."))
    prefix += Self.aligned(nanoseconds % 1_000_000_000 / 1000, columns: 6, filling: UInt8(ascii: "0"))
    prefix += Array("] ".utf8)
    if let caller {
      let name = (caller >> 31 == 1 ? "C" : "T") + String(caller & 0x7fff_ffff)
      prefix += Array("[".utf8) + [UInt8](repeating: Self.space, count: max(0, 8 - name.utf8.count))
      prefix += Array(name.utf8) + Array("] ".utf8)
    }
    return prefix
  }

  private static func aligned(_ number: UInt64, columns: Int, filling: UInt8) -> [UInt8] {
    let digits = Array(String(number).utf8)
    return [UInt8](repeating: filling, count: max(0, columns - digits.count)) + digits
  }
}
