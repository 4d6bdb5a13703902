internal import Platform

/// The stretches of a dump that arrived, sorted and joined: few, for a stream grows at two places.
struct ArrivedRanges {
  private(set) var ranges: [Range<UInt64>] = []

  /// More than any writer leaves behind; beyond, nothing more counts as arrived.
  private static let most = 1 << 16

  mutating func insert(_ range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    // The first that ends at or behind the new one's beginning.
    let first = firstIndex(endingAtOrAfter: range.lowerBound)
    var last = first
    var joined = range
    while last < ranges.count, ranges[last].lowerBound <= range.upperBound {
      joined =
        min(joined.lowerBound, ranges[last].lowerBound)..<max(joined.upperBound, ranges[last].upperBound)
      last += 1
    }
    if first == last, ranges.count >= Self.most { return }
    ranges.replaceSubrange(first..<last, with: [joined])
  }

  /// How many of the bytes from a place on are there, before the first that is not.
  func present(from offset: UInt64, atMost limit: UInt64) -> UInt64 {
    let index = firstIndex(endingAtOrAfter: offset &+ 1)
    guard index < ranges.count, ranges[index].lowerBound <= offset else { return 0 }
    return min(ranges[index].upperBound - offset, limit)
  }

  func contains(_ range: Range<UInt64>) -> Bool {
    let index = firstIndex(endingAtOrAfter: range.upperBound)
    return index < ranges.count && ranges[index].lowerBound <= range.lowerBound
  }

  private func firstIndex(endingAtOrAfter offset: UInt64) -> Int {
    ranges.partitionPoint(behind: { $0.upperBound >= offset })
  }
}
