internal import DumpMemory
internal import PageCompression
internal import Platform

/// Pages of one class that were looked at, and what each codec made of them.
struct PageSample {
  /// What was stored of pages: their number, and the sums of bytes and of squared bytes.
  struct Sum {
    var bytes: UInt64 = 0
    var squares: UInt64 = 0

    mutating func add(_ count: Int) {
      bytes += UInt64(count)
      squares += UInt64(count) * UInt64(count)
    }
  }

  /// Codecs in the order of the sums.
  static let codecs = Codec.allCases

  /// Pages of the class in the dump.
  let total: UInt64
  /// Of them those that were looked at.
  private(set) var looked: UInt64 = 0
  /// Of them those of zeros.
  private(set) var zeros: UInt64 = 0
  /// Those that could not be read.
  private(set) var unreadable: UInt64 = 0
  /// Of pages that are not zeros, for each codec.
  private(set) var stored = [Sum](repeating: Sum(), count: codecs.count)

  init(total: UInt64) {
    self.total = total
  }

  mutating func skip() { unreadable += 1 }

  /// - Parameter sizes: what each codec made of the page; nil for a page of zeros.
  mutating func add(_ sizes: [Int]?) {
    looked += 1
    guard let sizes else {
      zeros += 1
      return
    }
    for (index, size) in sizes.enumerated() { stored[index].add(size) }
  }

  /// Of the class's pages those of zeros, by the sample.
  var zeroPages: Double { looked == 0 ? 0 : Double(total) * Double(zeros) / Double(looked) }

  /// What the class's pages take, and the variance of that.
  ///
  /// - Parameters:
  ///   - codec: its place in ``codecs``.
  ///   - zeroSize: bytes that a page of zeros takes.
  func bytes(_ codec: Int, zeroSize: Int) -> (mean: Double, variance: Double) {
    guard looked > 0 else { return (0, 0) }
    let count = Double(looked)
    let zero = Double(zeroSize)
    let mean = (Double(stored[codec].bytes) + Double(zeros) * zero) / count
    let square = (Double(stored[codec].squares) + Double(zeros) * zero * zero) / count
    // The spread of a mean of some of all pages; of all there is none.
    let unseen = max(1 - count / Double(max(total, 1)), 0)
    let variance = looked > 1 ? max(square - mean * mean, 0) / (count - 1) * unseen : 0
    return (mean * Double(total), variance * Double(total) * Double(total))
  }
}
