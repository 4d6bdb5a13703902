package import Platform

/// A stretch of a dump in memory, that moves to where it is wanted and takes what follows along.
package struct ReadAhead: ~Copyable {
  private(set) var range: Range<UInt64> = 0..<0
  private var buffer: MappedBuffer

  package init(byteCount: Int) throws(SystemError) {
    buffer = try MappedBuffer(byteCount: byteCount)
  }

  /// Makes bytes visible, at most as many as the buffer has.
  ///
  /// - Parameter end: where it is of no use to read on.
  /// - Returns: false where the dump ends before.
  /// - Throws: the error of reading just these bytes; that their neighbourhood cannot be read is none.
  package mutating func show(
    _ wanted: Range<UInt64>, of file: InputFile, upTo end: UInt64 = .max
  ) throws(SystemError) -> Bool {
    if range.lowerBound <= wanted.lowerBound, wanted.upperBound <= range.upperBound { return true }
    precondition(wanted.count <= buffer.byteCount)
    range = 0..<0
    do throws(SystemError) {
      try read(
        file, from: wanted.lowerBound, byteCount: Int(min(UInt64(buffer.byteCount), end - wanted.lowerBound)))
    } catch {
      try read(file, from: wanted.lowerBound, byteCount: wanted.count)
    }
    return wanted.upperBound <= range.upperBound
  }

  private mutating func read(
    _ file: InputFile, from start: UInt64, byteCount: Int
  ) throws(SystemError) {
    var bytes = buffer.mutableBytes(in: 0..<byteCount)
    let count = try file.read(into: &bytes, at: FileOffset(start))
    range = start..<start + UInt64(count)
  }

  /// Bytes that were shown.
  @_lifetime(borrow self)
  package func bytes(_ part: Range<UInt64>) -> RawSpan {
    buffer.bytes.extracting(Int(part.lowerBound - range.lowerBound)..<Int(part.upperBound - range.lowerBound))
  }
}
