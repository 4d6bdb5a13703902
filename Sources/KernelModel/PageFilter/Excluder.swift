internal import DumpMemory

/// Takes frames from the dump and counts them, the kernel's image excepted.
///
/// Pages of a kind lie side by side: they are taken out together, by ``flush(_:)`` or when another kind comes.
struct Excluder {
  var report: FilterReport
  private var waiting: (range: Range<PFN>, reason: ExclusionReason)?
  private let image: PFNRanges
  private let processes: ProcessFrames?
  private let classes: PageClassFrames?

  init(
    _ report: FilterReport, image: PFNRanges, processes: ProcessFrames?, classes: PageClassFrames? = nil
  ) {
    self.report = report
    self.classes = classes
    self.image = image
    self.processes = processes
  }

  /// Leaves 2^order frames out.
  ///
  /// No rule may take a frame of the kernel's text or data: stale flags have made collectors lose its BSS.
  /// Faulty memory is left out even there.
  ///
  /// - Returns: the first frame behind.
  @discardableResult
  @inline(__always)
  mutating func exclude(
    _ pfn: PFN, order: UInt64, reason: ExclusionReason, frames: inout PFNBitmap
  ) -> PFN {
    let end = pfn.advanced(by: 1 << Int(order))
    if let (range, last) = waiting, range.upperBound == pfn, last == reason {
      waiting = (range.lowerBound..<end, reason)
    } else {
      flush(&frames)
      waiting = (pfn..<end, reason)
    }
    return end
  }

  /// Leaves out what waits to be.
  mutating func flush(_ frames: inout PFNBitmap) {
    guard let (range, reason) = waiting else { return }
    waiting = nil
    if let processes, reason != .hwpoison, reason != .offline {
      excludeOthers(range, processes: processes, reason: reason, frames: &frames)
    } else {
      excludeAll(range, reason: reason, frames: &frames)
    }
  }

  /// Leaves a range out, the frames of some processes excepted.
  private mutating func excludeOthers(
    _ range: Range<PFN>, processes: ProcessFrames, reason: ExclusionReason, frames: inout PFNBitmap
  ) {
    var at = range.lowerBound
    while at < range.upperBound {
      let kept = min(processes.next(from: at) ?? range.upperBound, range.upperBound)
      if at < kept { excludeAll(at..<kept, reason: reason, frames: &frames) }
      at = kept
      while at < range.upperBound, processes.contains(at) {
        report.keptOfProcesses += 1
        at = at.advanced(by: 1)
      }
    }
  }

  private mutating func excludeAll(
    _ range: Range<PFN>, reason: ExclusionReason, frames: inout PFNBitmap
  ) {
    let end = range.upperBound
    if reason == .hwpoison || !image.intersects(range) {
      remove(range, reason: reason, frames: &frames)
      return
    }
    // By ranges, since an order may claim more frames than there are.
    var at = range.lowerBound
    while at < end {
      let next = image.next(from: at)
      let before = min(next?.lowerBound ?? end, end)
      remove(at..<before, reason: reason, frames: &frames)
      at = min(next?.upperBound ?? end, end)
      report.keptInKernelImage += UInt64(before.distance(to: at))
    }
  }

  private mutating func remove(_ range: Range<PFN>, reason: ExclusionReason, frames: inout PFNBitmap) {
    classes?.insert(range, reason: reason)
    report[reason] += frames.remove(range)
  }
}
