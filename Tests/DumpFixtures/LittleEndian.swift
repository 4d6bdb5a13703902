extension Array where Element == UInt8 {
  /// Appends an integer in little-endian order, as every structure of an x86_64 dump has it.
  public mutating func appendLittleEndian<T: FixedWidthInteger>(_ value: T) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// Overwrites the bytes at `offset` with an integer in little-endian order.
  public mutating func storeLittleEndian<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    precondition(
      offset >= 0 && offset + MemoryLayout<T>.size <= count, "store at \(offset) outside of \(count)")
    withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self) }
  }

  /// The integer at `offset`, read in little-endian order.
  public func loadLittleEndian<T: FixedWidthInteger>(at offset: Int, as type: T.Type) -> T {
    precondition(
      offset >= 0 && offset + MemoryLayout<T>.size <= count, "load at \(offset) outside of \(count)")
    return withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
  }

  /// Appends zero bytes up to a multiple of `alignment`.
  mutating func pad(to alignment: Int) {
    let rest = count % alignment
    if rest != 0 { append(contentsOf: repeatElement(0, count: alignment - rest)) }
  }
}
