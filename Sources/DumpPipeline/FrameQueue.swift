internal import Vmcore

/// The frames to dump, handed out in order, a batch at a time.
///
/// Whoever takes or removes frames must be alone; ``BatchRing`` sees to that.
final class FrameQueue: @unchecked Sendable {
  private var frames: PFNBitmap
  private var next: PFN? = PFN(0)

  init(_ frames: consuming PFNBitmap) {
    self.frames = frames
  }

  /// Fills a batch with the next frames; returns false when there are none left.
  func fill(_ batch: inout BatchContents) -> Bool {
    batch.frames.removeAll(keepingCapacity: true)
    while batch.frames.count < BatchContents.capacity, let from = next {
      guard let pfn = frames.next(from: from) else {
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
    for pfn in lost { frames.remove(pfn) }
  }

  /// Lends the frames that the dump holds.
  func withFrames<Result, Failure: Error>(
    _ body: (borrowing PFNBitmap) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(frames)
  }
}
