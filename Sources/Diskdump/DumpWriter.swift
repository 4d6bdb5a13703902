public import Vmcore

/// Takes a machine's pages in the order of their frames, and makes a dump of them.
///
/// ``begin(notes:existing:dumpable:)`` once, ``append(data:pages:frames:)`` for the pages, then
/// ``finish(dumpable:)``; after any error ``abandon()``.
public protocol DumpWriter: ~Copyable {
  /// Bytes handed to the file, each counted once; holes are not counted.
  var bytesWritten: UInt64 { get }

  /// Writes what precedes the pages.
  ///
  /// - Parameters:
  ///   - notes: the source's PT_NOTE contents.
  ///   - existing: the frames that the source has.
  ///   - dumpable: the frames that will be appended.
  mutating func begin(
    notes: RawSpan, existing: PFNRanges, dumpable: borrowing PFNBitmap
  ) throws(DumpWriteError)

  /// Appends pages.
  ///
  /// - Parameters:
  ///   - data: the stored bytes of the pages that have any, back to back.
  ///   - pages: in the order of their frames, going on where the last call ended.
  ///   - frames: as many as there are pages.
  mutating func append(
    data: RawSpan, pages: Span<StoredPage>, frames: Span<PFN>
  ) throws(DumpWriteError)

  /// Waits for the disk, and only then takes the incomplete mark away.
  ///
  /// - Parameter dumpable: the set given at the beginning, less the pages that could not be read.
  mutating func finish(dumpable: borrowing PFNBitmap) throws(DumpWriteError)

  /// Leaves what there is in a readable state, marked incomplete, as far as the disk still allows.
  mutating func abandon()
}

extension DiskdumpWriter: DumpWriter {
  public mutating func append(
    data: RawSpan, pages: Span<StoredPage>, frames: Span<PFN>
  ) throws(DumpWriteError) {
    precondition(frames.count == pages.count)
    try append(data: data, pages: pages)
  }
}
