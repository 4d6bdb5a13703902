extension TweakTable {
  /// Reads a table: one constant a line, `t12 b09230c2`, the address bit and then the bytes in memory order, either
  /// four that are repeated to sixteen (8 hexadecimal digits) or all sixteen (32 digits).
  ///
  /// Bits may come in any order and may be left out; empty lines and what follows a `#` say nothing.
  ///
  /// - Throws: ``EncryptionError/table(line:_:)`` at the first line that is no such thing, or that names a bit twice or outside 4...51,
  ///   and at the end if there is no constant at all.
  public init(parsing text: String) throws(EncryptionError) {
    self.init()
    var number = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      let content = line.prefix { $0 != "#" }
      let words = content.split { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\r\n" }
      if words.isEmpty { continue }
      guard words.count == 2, words[0].utf8.first == UInt8(ascii: "t"), let bit = Int(words[0].dropFirst())
      else {
        throw .table(line: number, "not of the form \"t12 b09230c2\"")
      }
      guard bit >= TweakTable.lowestBit, bit <= TweakTable.highestBit else {
        throw .table(
          line: number,
          "t\(bit) is outside t\(TweakTable.lowestBit) to t\(TweakTable.highestBit)")
      }
      guard self[bit] == nil else { throw .table(line: number, "t\(bit) comes a second time") }
      guard let constant = Block(hexadecimal: words[1]) else {
        throw .table(line: number, "a constant has 8 or 32 hexadecimal digits")
      }
      self[bit] = constant
    }
    if knownBits == 0 { throw .table(line: number, "no constant in the whole table") }
  }
}
