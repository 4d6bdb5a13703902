extension Range<UInt64> {
  /// A stretch of bytes by its beginning and its length, as a dump gives them.
  ///
  /// - Returns: nil where it has no end that fits: `start..<start &+ byteCount` would trap there.
  package init?(start: UInt64, byteCount: UInt64) {
    let (end, overflow) = start.addingReportingOverflow(byteCount)
    if overflow { return nil }
    self = start..<end
  }
}
