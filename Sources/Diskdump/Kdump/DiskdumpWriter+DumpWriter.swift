public import DumpMemory

extension DiskdumpWriter: DumpWriter {
  /// Ranges of a group in a stream: each is a record or two more, which crash sorts as it opens the stream.
  private static let mostStretches = 1024
  private static let gapInStream: UInt64 = 31

  public var form: PageForm {
    PageForm(
      codec: description.codec, level: description.level, recompresses: description.recompresses,
      sharesZeroPages: description.sharesZeroPages,
      order: output.canBeRewritten
        ? .any : .stretches(joining: Self.gapInStream, most: Self.mostStretches, byRank: true))
  }

  public var pagesTaken: UInt64 { pagesDescribed }

  public var hasStreamEnd: Bool { output.hasStreamEnd }

  public mutating func begin(
    notes: CoreNotes, existing: PFNRanges, dumpable: borrowing PFNBitmap, sequence: FrameSequence?
  ) throws(DumpError) {
    try begin(notes: notes, existing: existing, dumpable: dumpable)
  }

  public mutating func append(
    data: RawSpan, pages: Span<StoredPage>, frames: Span<PFN>, ranks: Span<UInt64>
  ) throws(DumpError) {
    precondition(frames.count == pages.count)
    let before = unreadablePages
    try append(data: data, pages: pages, ranks: ranks)
    if unreadablePages > before { note(pages, frames) }
  }

  /// Remembers the lowest frame that could not be read.
  @inline(never)
  mutating func note(_ pages: Span<StoredPage>, _ frames: Span<PFN>) {
    var index = 0
    while index < pages.count {
      if pages[index] == .unreadable { note(frames[index]) }
      index += 1
    }
  }

  private mutating func note(_ pfn: PFN) {
    if let first = firstUnreadableFrame, first <= pfn { return }
    firstUnreadableFrame = pfn
  }
}
