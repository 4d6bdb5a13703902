/// Whether all bytes of a page are zero.
///
/// - Parameter page: a multiple of 128 bytes.
public func isZeroPage(_ page: RawSpan) -> Bool { isFilled(page, with: 0) }

/// The byte that a page has over and over; nil where it has another one too, or is not of a multiple of 128 bytes.
func fillByte(_ page: RawSpan) -> UInt8? {
  guard !page.isEmpty, page.byteCount.isMultiple(of: 128) else { return nil }
  let word = unsafe page.unsafeLoadUnaligned(as: UInt64.self)
  let byte = UInt8(truncatingIfNeeded: word)
  guard word == UInt64(byte) &* 0x0101_0101_0101_0101, isFilled(page, with: word) else { return nil }
  return byte
}

/// Whether a page is one word over and over.
@inline(__always)
private func isFilled(_ page: RawSpan, with fill: UInt64) -> Bool {
  precondition(page.byteCount.isMultiple(of: 128))
  var offset = 0
  while offset < page.byteCount {
    // Sixteen words before each branch become vector instructions; a branch per word does not, nor SIMD64.
    var bits: UInt64 = 0
    for word in 0..<16 {
      let found = unsafe page.unsafeLoadUnaligned(
        fromUncheckedByteOffset: offset &+ word &* 8, as: UInt64.self)
      bits |= found ^ fill
    }
    if bits != 0 { return false }
    offset &+= 128
  }
  return true
}
