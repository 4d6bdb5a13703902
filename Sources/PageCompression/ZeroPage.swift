/// Whether all bytes of a page are zero.
///
/// - Parameter page: a multiple of 128 bytes.
public func isZeroPage(_ page: RawSpan) -> Bool {
  precondition(page.byteCount.isMultiple(of: 128))
  var offset = 0
  while offset < page.byteCount {
    // Sixteen words before each branch become vector instructions; a branch per word does not, nor SIMD64.
    var bits: UInt64 = 0
    for word in 0..<16 {
      bits |= unsafe page.unsafeLoadUnaligned(fromUncheckedByteOffset: offset &+ word &* 8, as: UInt64.self)
    }
    if bits != 0 { return false }
    offset &+= 128
  }
  return true
}
