public import DumpMemory

extension DiskdumpWriter: DumpWriter {
  public mutating func append(
    data: RawSpan, pages: Span<StoredPage>, frames: Span<PFN>, ranks: Span<UInt64>
  ) throws(DumpWriteError) {
    precondition(frames.count == pages.count)
    let before = unreadablePages
    try append(data: data, pages: pages, ranks: ranks)
    if unreadablePages > before { note(pages, frames) }
  }

  /// Remembers the lowest frame that could not be read.
  @inline(never)
  private mutating func note(_ pages: Span<StoredPage>, _ frames: Span<PFN>) {
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
