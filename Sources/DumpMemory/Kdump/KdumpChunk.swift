package import Platform

/// One chunk of the second bitmap, with the frames below each of its words counted.
package struct KdumpChunk: ~Copyable {
  private var index: Int?
  private var bits: MappedBuffer
  private var below: [512 of UInt16] = .init(repeating: 0)

  package init() throws(SystemError) {
    bits = try MappedBuffer(byteCount: PFNChunk.byteCount)
  }

  /// How many frames of the chunk lie below one of its frames; nil if that is not in the bitmap itself.
  package mutating func rank(
    of bit: Int, inChunk wanted: Int, of file: InputFile, at bitmap: UInt64
  ) throws(SystemError) -> Int? {
    if index != wanted { try load(wanted, file: file, bitmap: bitmap) }
    let word = bits.bytes.word(bit / 64)
    guard word >> UInt64(bit % 64) & 1 == 1 else { return nil }
    return Int(below[bit / 64]) + (word & (1 << UInt64(bit % 64) - 1)).nonzeroBitCount
  }

  private mutating func load(
    _ wanted: Int, file: InputFile, bitmap: UInt64
  ) throws(SystemError) {
    index = nil
    try Self.read(&bits, file: file, offset: bitmap + UInt64(wanted * PFNChunk.byteCount))
    var count = 0
    for word in 0..<PFNChunk.byteCount / 8 {
      below[word] = UInt16(count)
      count += bits.bytes.word(word).nonzeroBitCount
    }
    index = wanted
  }

  private static func read(
    _ bits: inout MappedBuffer, file: InputFile, offset: UInt64
  ) throws(SystemError) {
    var bytes = bits.mutableBytes
    guard try file.read(into: &bytes, at: FileOffset(offset)) == PFNChunk.byteCount else {
      throw SystemError("pread", subject: file.path, code: .inputOutput)
    }
  }
}
