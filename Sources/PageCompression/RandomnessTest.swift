/// Tells pages of noise (encrypted or compressed data) from others, at a twentieth of what it costs to try to
/// deflate them.
///
/// In n bytes of noise, each of the 256 values comes n/256 times with a binomial spread, and the sum of the
/// squared counts is n²/256 + n with a standard deviation of n/11 (Pearson's chi-squared statistic with 255
/// degrees of freedom). What repeats or prefers some values has a larger sum: a page of two equal halves of
/// noise lies eleven deviations above it. Huffman coding gains nothing on a page near the mean, and string
/// matching hardly ever: such a page is stored raw, as it would be after the attempt.
struct RandomnessTest {
  /// Deviations from the mean up to which bytes are noise: one page of noise in a million is tried in vain.
  private static let tolerance = 5

  /// Most pages are found to be no noise by their first bytes.
  private static let sample = 256

  static func isNoise(_ page: RawSpan) -> Bool {
    isNoise(page, count: min(sample, page.byteCount)) && isNoise(page, count: page.byteCount)
  }

  private static func isNoise(_ page: RawSpan, count: Int) -> Bool {
    // Two tables: equal neighbours would wait for each other's count.
    var even = [256 of UInt16](repeating: 0)
    var odd = [256 of UInt16](repeating: 0)
    var offset = 0
    while offset + 8 <= count {
      var word = unsafe page.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
      for _ in 0..<4 {
        even[Int(word & 0xff)] &+= 1
        odd[Int(word >> 8 & 0xff)] &+= 1
        word >>= 16
      }
      offset &+= 8
    }
    var sum = 0
    for value in 0..<256 {
      let total = Int(even[value]) &+ Int(odd[value])
      sum &+= total &* total
    }
    // A count too even is no noise either: a ramp of all values, for one.
    return abs(sum - count * count / 256 - count) < tolerance * count / 11
  }
}
