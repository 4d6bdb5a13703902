extension RandomAccessCollection where Index == Int {
  /// The first index whose element is behind a border, or the end; the elements before it must all be before
  /// the border. Looks at log2(count) of them.
  @inlinable
  public func partitionPoint(behind isBehind: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
