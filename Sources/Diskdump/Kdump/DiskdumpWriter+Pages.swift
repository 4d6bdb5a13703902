public import DumpMemory
internal import Platform

extension DiskdumpWriter {
  /// Appends pages: their data first, then the descriptors of those whose data is wholly in the file.
  ///
  /// - Parameters:
  ///   - data: the stored bytes of the pages that have any, back to back.
  ///   - pages: in the order of their pfns, going on where the last call ended.
  public mutating func append(data: RawSpan, pages: Span<StoredPage>) throws(DumpError) {
    try append(data: data, pages: pages, ranks: Span())
  }

  /// Appends pages of anywhere. In a stream, which is sent in records, they should lie in long stretches.
  ///
  /// Until its page comes, a descriptor reads as ``PageDescriptor/missing``.
  ///
  /// - Parameters:
  ///   - data: the stored bytes of the pages that have any, back to back.
  ///   - pages: each once, in all calls together.
  ///   - ranks: for each page how many frames of the dump lie below its own; none if the pages go on where the last
  ///     call ended.
  public mutating func append(
    data: RawSpan, pages: Span<StoredPage>, ranks: Span<UInt64>
  ) throws(DumpError) {
    precondition(ranks.isEmpty || ranks.count == pages.count)
    let start = try place(forPages: pages.count)
    let (written, error) = output.writeAsMuchAsPossible(data, at: start)
    do throws(DumpError) {
      let described = try describe(pages, ranks: ranks, inFileUpTo: start + UInt64(written))
      if let error { throw error }
      precondition(described == pages.count && dataEnd == start + UInt64(data.byteCount))
    } catch {
      failure = error
      throw error
    }
  }

  /// Appends pages as another dump stores them, without a look at them.
  ///
  /// - Parameters:
  ///   - data: where the other has the bytes of those that have any, back to back.
  ///   - pages: in the order of their pfns, going on where the last call ended.
  public mutating func append(
    copying data: Range<UInt64>, of source: InputFile, pages: Span<StoredPage>, frames: Span<PFN>
  ) throws(DumpError) {
    let start = try place(forPages: pages.count)
    let before = unreadablePages
    do throws(DumpError) {
      try output.copy(data, of: source, at: start, by: &copyWay)
      let described = try describe(pages, ranks: Span(), inFileUpTo: start + UInt64(data.count))
      precondition(described == pages.count && dataEnd == start + UInt64(data.count))
    } catch {
      failure = error
      throw error
    }
    if unreadablePages > before { note(pages, frames) }
  }

  /// Where the bytes of the next pages go.
  private mutating func place(forPages count: Int) throws(DumpError) -> UInt64 {
    if let failure { throw failure }
    guard let start = dataEnd, UInt64(count) <= layout.pageCount - pagesDescribed else {
      let failure = DumpError.pageCount(
        written: pagesDescribed + UInt64(count), promised: layout.pageCount)
      self.failure = failure
      throw failure
    }
    return start
  }

  /// Writes the descriptors of the first pages, as far as their data is in the file; returns how many.
  private mutating func describe(
    _ pages: Span<StoredPage>, ranks: Span<UInt64>, inFileUpTo limit: UInt64
  ) throws(DumpError) -> Int {
    var described = 0
    while described < pages.count {
      let start = dataEnd ?? limit
      let count =
        ranks.isEmpty ? min(descriptorCapacity, pages.count - described) : stretch(ranks, from: described)
      let next = described..<described + count
      let nextRanks = ranks.isEmpty ? ranks : ranks.extracting(next)
      let firstRank = nextRanks.isEmpty ? pagesDescribed : nextRanks[0]
      try readDescriptorsBetween(nextRanks)
      let piece = encodeDescriptors(
        pages.extracting(next), ranks: nextRanks, firstRank: firstRank, from: start, upTo: limit)
      if piece.count == 0 { break }
      // The data stays in the file even if the descriptors fail: some of them may be written.
      dataEnd = piece.dataEnd
      let slots = nextRanks.isEmpty ? piece.count : Int(nextRanks[piece.count - 1] - firstRank) + 1
      try writeDescriptors(slots, at: descriptorOffset(firstRank))
      pagesDescribed += UInt64(piece.count)
      bytesWritten += piece.dataEnd - start
      described += piece.count
    }
    return described
  }

  /// How many pages have their descriptors so near to each other that they are written together.
  private func stretch(_ ranks: Span<UInt64>, from first: Int) -> Int {
    // A write takes a page of the page cache: descriptors further apart would share none.
    let farthest = output.canBeReadBack ? UInt64(4096 / PageDescriptor.byteCount) : 1
    var end = first + 1
    while end < ranks.count, ranks[end] > ranks[end - 1], ranks[end] - ranks[end - 1] <= farthest,
      ranks[end] - ranks[first] < UInt64(descriptorCapacity)
    {
      end += 1
    }
    return end - first
  }

  /// Brings what the file has for a stretch into the scratch buffer, if other pages' descriptors lie in it.
  private mutating func readDescriptorsBetween(_ ranks: Span<UInt64>) throws(DumpError) {
    guard let last = ranks.indices.last, ranks[last] - ranks[0] > UInt64(last) else { return }
    let slots = Int(ranks[last] - ranks[0]) + 1
    try output.read(
      into: &scratch, byteCount: slots * PageDescriptor.byteCount, at: descriptorOffset(ranks[0]))
  }

  /// Writes descriptors from the scratch buffer, the file's last page first.
  ///
  /// A kill can end a write between two pages of the page cache, and a descriptor may lie across them. Its
  /// offset must then be the part that is not there: crash shows any bytes for one that has no size.
  private func writeDescriptors(_ count: Int, at start: UInt64) throws(DumpError) {
    var end = start + UInt64(count * PageDescriptor.byteCount)
    if !output.canBeRewritten {
      try output.write(scratch.bytes.extracting(first: Int(end - start)), at: start)
      return
    }
    while end > start {
      let pageStart = max((end - 1) / 4096 * 4096, start)
      let bytes = scratch.bytes.extracting(Int(pageStart - start)..<Int(end - start))
      try output.write(bytes, at: pageStart)
      end = pageStart
    }
  }

  /// Puts descriptors into the scratch buffer up to the first page whose data reaches past the limit.
  private mutating func encodeDescriptors(
    _ pages: Span<StoredPage>, ranks: Span<UInt64>, firstRank: UInt64, from start: UInt64,
    upTo limit: UInt64
  ) -> (count: Int, dataEnd: UInt64) {
    let zeroPage = PageDescriptor(offset: layout.data, size: UInt32(layout.blockSize), flags: .raw)
    let sharesZeroPages = description.sharesZeroPages
    let unreadable: PageDescriptor = keepsBits && !description.isIncomplete ? .unreadable : .missing
    var end = start
    var count = 0
    var missing = 0
    var firstMissing: UInt64 = 0
    var bytes = scratch.mutableBytes
    pages: while count < pages.count {
      let slot = ranks.isEmpty ? UInt64(count) : ranks[count] - firstRank
      let descriptor: PageDescriptor
      switch pages[count] {
      case .data(let size, let flags):
        guard UInt64(size) <= limit - end else { break pages }
        descriptor = PageDescriptor(offset: end, size: size, flags: flags)
        end += UInt64(size)
      case .zero:
        precondition(sharesZeroPages)
        descriptor = zeroPage
      case .unreadable:
        descriptor = unreadable
        if missing == 0 { firstMissing = firstRank + slot }
        missing += 1
      }
      descriptor.encode(into: &bytes, at: Int(slot) * PageDescriptor.byteCount)
      count += 1
    }
    if missing > 0 {
      firstUnreadable = unreadablePages == 0 ? firstMissing : min(firstUnreadable, firstMissing)
      unreadablePages += UInt64(missing)
    }
    return (count, end)
  }
}
