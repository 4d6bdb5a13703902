internal import Vmcore

/// The frames to dump, handed out in order, a batch at a time.
///
/// Whoever takes or removes frames must be alone; ``BatchRing`` sees to that.
final class FrameQueue: @unchecked Sendable {
  private var frames: PFNBitmap
  private var next: PFN? = PFN(0)
  /// Frames from here on are not handed out.
  private var end: PFN
  /// Whether frames that could not be read leave the set.
  private var dropsLost = true

  init(_ frames: consuming PFNBitmap) {
    end = PFN(frames.maxMapNumber)
    self.frames = frames
  }

  /// Begins anew with a part of the frames. All parts of a split dump have the same set, so nothing leaves it
  /// any more.
  func restart(with part: Range<PFN>) {
    next = part.lowerBound
    end = part.upperBound
    dropsLost = false
  }

  /// Takes out every frame for which the body returns true; returns how many.
  func removeAll(where body: (PFN) -> Bool) -> UInt64 {
    var removed: UInt64 = 0
    var at = frames.next(from: PFN(0))
    while let pfn = at {
      if body(pfn), frames.remove(pfn) { removed += 1 }
      at = frames.next(from: pfn.advanced(by: 1))
    }
    return removed
  }

  /// Fills a batch with the next frames; returns false when there are none left.
  func fill(_ batch: inout BatchContents) -> Bool {
    batch.frames.removeAll(keepingCapacity: true)
    while batch.frames.count < BatchContents.capacity, let from = next {
      guard let pfn = frames.next(from: from), pfn < end else {
        next = nil
        break
      }
      batch.frames.append(pfn)
      next = pfn.advanced(by: 1)
    }
    return !batch.frames.isEmpty
  }

  /// Takes frames that could not be read out of the dump. They have been handed out already.
  func remove(_ lost: [PFN]) {
    guard dropsLost else { return }
    for pfn in lost { frames.remove(pfn) }
  }

  /// Lends the frames that the dump holds.
  func withFrames<Result, Failure: Error>(
    _ body: (borrowing PFNBitmap) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(frames)
  }
}
