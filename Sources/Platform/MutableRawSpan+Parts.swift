extension MutableRawSpan {
  /// Copies all of a span to a place; it must fit.
  @_lifetime(self: copy self)
  public mutating func copy(_ source: RawSpan, at offset: Int) {
    precondition(offset >= 0 && source.byteCount <= byteCount - offset)
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { bytes in
        guard let from = bytes.baseAddress else { return }
        unsafe (target.baseAddress! + offset).copyMemory(from: from, byteCount: bytes.count)
      }
    }
  }

  /// Sets every byte to zero.
  @_lifetime(self: copy self)
  public mutating func zero() {
    unsafe withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: bytes.count)
    }
  }

  /// A part to write to; it must lie inside.
  @_lifetime(&self)
  public mutating func extractingPart(_ range: Range<Int>) -> MutableRawSpan {
    _mutatingExtracting(range)
  }
}
