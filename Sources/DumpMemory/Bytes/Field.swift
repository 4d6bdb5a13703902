package import Platform

/// A number in a structure on disk: its place, its width, and its byte order.
///
/// The fields of a structure stand in one `Layout`, by which it is encoded, decoded and patched.
package struct Field<Value: FixedWidthInteger & BitwiseCopyable & Sendable>: Sendable {
  /// From the structure's first byte.
  package let offset: Int
  private let isBigEndian: Bool

  @inline(__always)
  package init(_ offset: Int, isBigEndian: Bool = false) {
    self.offset = offset
    self.isBigEndian = isBigEndian
  }

  /// Of a structure at the beginning of a file.
  package var fileOffset: FileOffset { FileOffset(UInt64(offset)) }

  /// Reads the field, all of which must be there.
  ///
  /// - Parameter base: where the structure begins in the bytes.
  @inline(__always)
  package func load(from bytes: RawSpan, at base: Int = 0) -> Value {
    let stored = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: base + offset, as: Value.self)
    return isBigEndian ? Value(bigEndian: stored) : Value(littleEndian: stored)
  }

  @inline(__always)
  package func store(_ value: Value, in bytes: inout MutableRawSpan, at base: Int = 0) {
    let stored = isBigEndian ? value.bigEndian : value.littleEndian
    bytes.storeBytes(of: stored, toByteOffset: base + offset, as: Value.self)
  }
}
