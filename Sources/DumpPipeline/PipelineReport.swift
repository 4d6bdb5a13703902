public import Vmcore

/// What became of the pages that the filter kept.
public struct PipelineReport: Sendable {
  /// Pages of zeros that share one stored page.
  public internal(set) var zeroPages: UInt64 = 0
  /// Pages of zeros that were left out before anything was written.
  public internal(set) var excludedZeroPages: UInt64 = 0
  /// Pages that could not be read and are not in the dump.
  public internal(set) var unreadablePages: UInt64 = 0
  /// The first of them, and why.
  public internal(set) var firstFailure: (pfn: PFN, reason: MemoryError)?
  /// Bytes of the notes that could not be read and are zeros in the dump.
  public internal(set) var unreadableNoteBytes = 0
  /// Pages that are in the dump.
  public internal(set) var writtenPages: UInt64 = 0

  public init() {}

  mutating func count(_ batch: borrowing BatchContents) {
    zeroPages += batch.zeroPages
    unreadablePages += UInt64(batch.lost.count)
    writtenPages += UInt64(batch.frames.count - batch.lost.count)
    if firstFailure == nil, let pfn = batch.lost.first, let reason = batch.firstFailure {
      firstFailure = (pfn, reason)
    }
  }
}
