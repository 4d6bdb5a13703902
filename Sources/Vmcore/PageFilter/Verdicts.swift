/// Carries verdicts out: takes frames from the dump and counts them, the kernel's image excepted.
struct Verdicts {
  var report: FilterReport
  private let image: PFNRanges

  init(_ report: FilterReport, image: PFNRanges) {
    self.report = report
    self.image = image
  }

  /// Leaves 2^order frames out.
  ///
  /// No rule may take a frame of the kernel's text or data: stale flags have made collectors lose its BSS.
  /// Faulty memory is left out even there.
  ///
  /// - Returns: the first frame behind.
  @discardableResult
  mutating func exclude(
    _ pfn: PFN, order: UInt64, _ reason: ExclusionReason, _ frames: inout PFNBitmap
  ) -> PFN {
    let end = pfn.advanced(by: 1 << Int(order))
    if reason == .hwpoison || !image.intersects(pfn..<end) {
      report[reason] += frames.remove(pfn..<end)
      return end
    }
    // By ranges, since an order may claim more frames than there are.
    var at = pfn
    while at < end {
      let next = image.next(from: at)
      let before = min(next?.lowerBound ?? end, end)
      report[reason] += frames.remove(at..<before)
      at = min(next?.upperBound ?? end, end)
      report.keptInKernelImage += UInt64(before.distance(to: at))
    }
    return end
  }
}
