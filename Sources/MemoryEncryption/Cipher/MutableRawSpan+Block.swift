extension MutableRawSpan {
  /// XORs a constant into one block, counted from the start.
  @inline(__always)
  @_lifetime(self: copy self)
  mutating func xor(_ constant: Block, atBlock index: Int) {
    let offset = index * Block.byteCount
    precondition(index >= 0 && offset <= byteCount - Block.byteCount)
    unsafe withUnsafeMutableBytes { bytes in
      let start = unsafe bytes.baseAddress! + offset
      let low = unsafe UInt64(littleEndian: start.loadUnaligned(as: UInt64.self)) ^ constant.low
      let high = unsafe UInt64(littleEndian: (start + 8).loadUnaligned(as: UInt64.self)) ^ constant.high
      unsafe start.storeBytes(of: low.littleEndian, as: UInt64.self)
      unsafe (start + 8).storeBytes(of: high.littleEndian, as: UInt64.self)
    }
  }

  /// XORs a constant into every block; a rest of less than a block at the end stays.
  @_lifetime(self: copy self)
  mutating func xor(_ constant: Block) {
    for index in 0..<byteCount / Block.byteCount { xor(constant, atBlock: index) }
  }
}

extension RawSpan {
  /// One block, counted from the start.
  @inline(__always)
  func block(_ index: Int) -> Block {
    let offset = index * Block.byteCount
    precondition(index >= 0 && offset <= byteCount - Block.byteCount)
    return unsafe Block(
      low: UInt64(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)),
      high: UInt64(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset + 8, as: UInt64.self)))
  }
}
