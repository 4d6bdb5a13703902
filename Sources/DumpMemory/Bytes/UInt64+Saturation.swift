extension UInt64 {
  /// Adds what a file claims, of which there may be more than a number holds; the largest stands for all that is more.
  package mutating func add(saturating other: UInt64) {
    let (sum, overflow) = addingReportingOverflow(other)
    self = overflow ? .max : sum
  }
}
