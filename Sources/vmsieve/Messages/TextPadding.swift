/// The few of printf's conversions that the messages need.
extension String {
  /// The text, with blanks behind it up to a number of columns.
  func padded(toColumns columns: Int) -> String {
    self + String(repeating: " ", count: max(0, columns - utf8.count))
  }

  /// The text, with a filling before it up to a number of columns.
  func aligned(toColumns columns: Int, filling: Character = " ") -> String {
    String(repeating: filling, count: max(0, columns - utf8.count)) + self
  }

  /// A number as `0x` and 16 hexadecimal digits.
  init(hexadecimal number: UInt64) {
    self = "0x" + String(number, radix: 16).aligned(toColumns: 16, filling: "0")
  }
}
