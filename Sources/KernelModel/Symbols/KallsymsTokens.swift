internal import DumpMemory
internal import Platform

/// The 256 substrings that kallsyms' names are made of.
///
/// scripts/kallsyms.c: `kallsyms_token_table` holds them one behind the other, each ended by a NUL, and
/// `kallsyms_token_index` where each begins.
struct KallsymsTokens {
  private let text: [UInt8]
  private let starts: [UInt16]
  /// Bytes of each.
  private let lengths: [UInt16]

  static let count = 256
  /// The table is some 900 bytes long; its index could reach no farther than this.
  private static let largestTable = 1 << 16

  /// Reads both tables.
  ///
  /// - Throws: ``KernelError/malformed(_:)`` unless every token begins where the one before it ends.
  init(
    table: VirtualAddress, index: VirtualAddress, _ memory: inout KernelMemory
  ) throws(KernelError) {
    var starts: [UInt16] = []
    for word in 0..<Self.count / 4 {
      let four = try KernelError.reading("kallsyms_token_index") { () throws(VmcoreError) in
        try memory.word(index + word * 8)
      }
      for part in 0..<4 { starts.append(UInt16(truncatingIfNeeded: four >> UInt64(part * 16))) }
    }

    var text: [UInt8] = []
    var lengths: [UInt16] = []
    var stream = try KernelError.wrapping { () throws(SystemError) in try KernelByteStream(at: table) }
    for token in 0..<Self.count {
      guard Int(starts[token]) == text.count, text.count < Self.largestTable else {
        throw .malformed("token \(token) of kallsyms does not begin where its index says")
      }
      var length: UInt16 = 0
      while true {
        try KernelError.reading("kallsyms_token_table") { () throws(VmcoreError) in
          try stream.need(1, in: &memory)
        }
        let byte = stream.byte(0)
        stream.take(1)
        text.append(byte)
        if byte == 0 { break }
        length += 1
        guard Int(length) <= WantedNames.longestName else {
          throw .malformed("token \(token) of kallsyms is longer than any name")
        }
      }
      lengths.append(length)
    }
    self.text = text
    self.starts = starts
    self.lengths = lengths
  }

  @inline(__always)
  func length(_ token: UInt8) -> Int { Int(lengths[Int(token)]) }

  /// A byte of a token; nil where it is shorter.
  @inline(__always)
  func byte(_ offset: Int, of token: UInt8) -> UInt8? {
    offset < length(token) ? text[Int(starts[Int(token)]) + offset] : nil
  }

  /// The last byte of a token; 0 of an empty one.
  @inline(__always)
  func lastByte(of token: UInt8) -> UInt8 {
    length(token) == 0 ? 0 : text[Int(starts[Int(token)]) + length(token) - 1]
  }

  func append(_ token: UInt8, to name: inout [UInt8]) {
    let start = Int(starts[Int(token)])
    name.append(contentsOf: text[start..<start + length(token)])
  }

  /// Whether a symbol that consists of so many tokens has a name: its first byte is its kind.
  func spell(_ name: [UInt8], by stream: borrowing KernelByteStream, _ count: Int) -> Bool {
    var at = -1
    for index in 0..<count {
      let token = stream.byte(index)
      let start = Int(starts[Int(token)])
      for place in start..<start + length(token) {
        if at >= 0, at >= name.count || name[at] != text[place] { return false }
        at += 1
      }
    }
    return at == name.count
  }
}
