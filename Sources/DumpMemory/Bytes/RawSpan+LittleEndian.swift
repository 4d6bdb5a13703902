extension RawSpan {
  /// An unaligned little-endian integer; nil where it would reach past the end.
  @inlinable
  @inline(__always)
  package func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Value.Type = Value.self
  ) -> Value? {
    guard offset >= 0, offset <= byteCount - MemoryLayout<Value>.size else { return nil }
    return unsafe Value(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: type))
  }

  /// A little-endian word of 8 bytes, by its number.
  @inline(__always)
  package func word(_ index: Int) -> UInt64 {
    unsafe UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
  }

  /// The text up to the first NUL, or to the end of the range.
  package func text(in range: Range<Int>) -> String {
    guard range.lowerBound >= 0, range.upperBound <= byteCount else { return "" }
    return unsafe withUnsafeBytes { bytes in
      let field = unsafe bytes[range]
      return unsafe String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
