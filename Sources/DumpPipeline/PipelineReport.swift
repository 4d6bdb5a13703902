public import Vmcore

/// What became of the pages that the filter kept.
public struct PipelineReport: Sendable {
  /// Pages of zeros that share one stored page.
  public internal(set) var zeroPages: UInt64 = 0
  /// Pages of zeros that were left out before anything was written.
  public internal(set) var excludedZeroPages: UInt64 = 0
  /// Pages that were lost before: the source, which was cut, does not have them.
  public internal(set) var missingPages: UInt64 = 0
  /// The first of them.
  public internal(set) var firstMissing: PFN?
  /// Pages that could not be read and are not in the dump.
  public internal(set) var unreadablePages: UInt64 = 0
  /// The first of them, and why.
  public internal(set) var firstFailure: (pfn: PFN, reason: MemoryError)?
  /// Bytes of the notes that could not be read and are zeros in the dump.
  public internal(set) var unreadableNoteBytes = 0
  /// Pages that are in the dump.
  public internal(set) var writtenPages: UInt64 = 0

  public init() {}

  /// Pages that are not in the dump and should be.
  public var lostPages: UInt64 { missingPages + unreadablePages }

  mutating func count(_ batch: borrowing BatchContents) {
    zeroPages += batch.zeroPages
    missingPages += batch.missingPages
    unreadablePages += UInt64(batch.lost.count) - batch.missingPages
    writtenPages += UInt64(batch.frames.count - batch.lost.count)
    firstFailure = firstFailure ?? batch.firstFailure
    firstMissing = firstMissing ?? batch.firstMissing
  }

  mutating func count(lost pfn: PFN, _ reason: MemoryError) {
    if reason.isAbsence {
      missingPages += 1
      firstMissing = firstMissing ?? pfn
    } else {
      unreadablePages += 1
      firstFailure = firstFailure ?? (pfn, reason)
    }
  }
}
