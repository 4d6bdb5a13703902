public import DumpMemory

/// What became of the pages that the filter kept.
public struct PipelineReport: Sendable {
  /// Pages of zeros that share one stored page.
  public internal(set) var zeroPages: UInt64 = 0
  /// Pages of zeros that were left out before anything was written.
  public internal(set) var excludedZeroPages: UInt64 = 0
  public internal(set) var lost = LostPages()
  /// Bytes of the notes that could not be read and are zeros in the dump.
  public internal(set) var unreadableNoteBytes = 0
  /// Pages that are in the dump.
  public internal(set) var writtenPages: UInt64 = 0

  public init() {}

  mutating func count(_ batch: borrowing BatchContents) {
    zeroPages += batch.zeroPages
    lost.add(batch.losses)
    writtenPages += UInt64(batch.frames.count - batch.lost.count)
  }

  /// Whether a dump that was made of a file lacks pages: what cannot be read of the dead kernel's own memory nobody will
  /// ever have, and is no lack.
  public func lacksPages(of memory: PhysicalMemory) -> Bool {
    !memory.isLive && (memory.lacksPages || lost.count > 0)
  }
}
