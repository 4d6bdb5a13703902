public import DumpMemory

/// Takes a machine's pages in the order of their frames, or of their ranks, and makes a dump of them.
///
/// ``begin(notes:existing:dumpable:)`` once, ``append(data:pages:frames:ranks:)`` for the pages, then
/// ``finish(dumpable:)``; after any error ``abandon()``.
public protocol DumpWriter: ~Copyable {
  /// How it takes pages.
  var form: PageForm { get }

  /// Pages that were taken, those that could not be read among them.
  var pagesTaken: UInt64 { get }

  /// Of them, those that could not be read.
  var unreadablePages: UInt64 { get }

  /// Bytes handed to the file, each counted once; holes are not counted.
  var bytesWritten: UInt64 { get }

  /// Whether all of it went out, with the record that ends a stream; false where it is none.
  var hasStreamEnd: Bool { get }

  /// Bytes of the notes that could not be read and are zeros in the dump.
  var unreadableNoteBytes: Int { get }

  /// Writes what precedes the pages.
  ///
  /// - Parameters:
  ///   - notes: the source's.
  ///   - existing: the frames that the source has.
  ///   - dumpable: the frames that will be appended.
  ///   - sequence: the stretches that they will come in; nil for any other order.
  mutating func begin(
    notes: CoreNotes, existing: PFNRanges, dumpable: borrowing PFNBitmap, sequence: FrameSequence?
  ) throws(DumpError)

  /// Appends pages.
  ///
  /// - Parameters:
  ///   - data: the stored bytes of the pages that have any, back to back.
  ///   - pages: in the order of their frames, going on where the last call ended, if there are no ranks.
  ///   - frames: as many as there are pages.
  ///   - ranks: as many, or none: how many of the dump's frames lie below each, where ``form`` asks for that.
  mutating func append(
    data: RawSpan, pages: Span<StoredPage>, frames: Span<PFN>, ranks: Span<UInt64>
  ) throws(DumpError)

  /// Waits for the disk, and only then takes the incomplete mark away.
  ///
  /// - Parameter dumpable: the set given at the beginning, less the pages that could not be read.
  mutating func finish(dumpable: borrowing PFNBitmap) throws(DumpError)

  /// Ends the dump with the pages that it has, as its user wants it: readable, and marked incomplete.
  mutating func closeEarly() throws(DumpError)

  /// Leaves what there is in a readable state, marked incomplete, as far as the disk still allows.
  mutating func abandon()
}

extension DumpWriter where Self: ~Copyable {
  public mutating func closeEarly() throws(DumpError) { abandon() }
}
