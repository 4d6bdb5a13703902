internal import DumpMemory
internal import Platform

extension DiskdumpWriter {
  /// Takes the unreadable pages' descriptors out, and writes the second bitmap anew to match.
  ///
  /// A reader finds a page's descriptor by counting bits, so bits and descriptors must never disagree: the
  /// bits from the first unreadable page on go first, then the descriptors move, then the bits come back from
  /// below. A kill or a power cut in between costs pages, and never shows one in another's place.
  mutating func leaveOutUnreadablePages(_ dumpable: borrowing PFNBitmap) throws(DumpError) {
    let written = bytesWritten
    let first = chunkOfLastPage(before: firstUnreadable, in: dumpable)
    try clearSecondBitmap(fromChunk: first)
    try output.synchronize()
    try closeUpDescriptors()
    try output.synchronize()
    _ = try writeBitmap(dumpable, at: layout.secondBitmap, fromChunk: first)
    bytesWritten = written
  }

  /// Says at the end of the file, behind what was said before, which pages were left out.
  mutating func recordUnreadablePages() throws(DumpError) {
    guard output.hasHoles, let first = firstUnreadableFrame, let start = dataEnd else { return }
    let record = DumpFacts.unreadableRecord(
      pages: unreadablePages, first: first.rawValue * layout.blockSize)
    let text = Array((description.facts.eraseInfo + record).utf8)
    try unsafe output.write(text.span.bytes, at: start)
    bytesWritten += UInt64(text.count)
    dataEnd = start + UInt64(text.count)
    var bytes = scratch.mutableBytes
    let place = KdumpSubHeader.encodeEraseInfo(start..<start + UInt64(text.count), into: &bytes)
    try output.write(
      scratch.bytes.extracting(first: FileRangeField.byteCount), at: layout.subHeader + UInt64(place))
  }

  /// The chunk that holds the frame before the set's frame number `index`: nothing below that frame was lost.
  private mutating func chunkOfLastPage(before index: UInt64, in dumpable: borrowing PFNBitmap) -> Int {
    var pages: UInt64 = 0
    var chunk = 0
    while pages < index, chunk < dumpable.chunkCount {
      copyChunk(chunk, of: dumpable, isClear: false, toScratchAt: 0)
      for word in 0..<PFNChunk.byteCount / 8 {
        let bits = unsafe scratch.bytes.unsafeLoad(fromByteOffset: word * 8, as: UInt64.self)
        pages += UInt64(bits.nonzeroBitCount)
      }
      chunk += 1
    }
    return max(chunk - 1, 0)
  }

  /// Clears what `begin` wrote, from the end and a page at a time: bits may go only if none is left above.
  ///
  /// The set no longer says where bits were, so the file is asked.
  private mutating func clearSecondBitmap(fromChunk first: Int) throws(DumpError) {
    let start = layout.secondBitmap + UInt64(first * PFNChunk.byteCount)
    var end = secondBitmapEnd
    while end > start {
      let byteCount = PFNChunk.byteCount
      end -= UInt64(byteCount)
      try output.read(into: &scratch, byteCount: byteCount, at: end)
      if !scratchIsClear(byteCount) { try writeZeros(from: end, byteCount: UInt64(byteCount)) }
    }
  }

  private func scratchIsClear(_ byteCount: Int) -> Bool {
    let bytes = scratch.bytes
    for word in 0..<byteCount / 8 {
      let bits = unsafe bytes.unsafeLoad(fromByteOffset: word * 8, as: UInt64.self)
      if bits != 0 { return false }
    }
    return true
  }

  /// Moves the descriptors behind the first missing one together, and clears the room that this leaves.
  private mutating func closeUpDescriptors() throws(DumpError) {
    let capacity = UInt64(scratch.byteCount / PageDescriptor.byteCount)
    var source = firstUnreadable
    var target = firstUnreadable
    while source < layout.pageCount {
      let count = Int(min(layout.pageCount - source, capacity))
      try output.read(
        into: &scratch, byteCount: count * PageDescriptor.byteCount, at: descriptorOffset(source))
      let kept = dropMissingDescriptors(ofFirst: count)
      try output.write(
        scratch.bytes.extracting(first: kept * PageDescriptor.byteCount), at: descriptorOffset(target))
      source += UInt64(count)
      target += UInt64(kept)
    }
    let left = descriptorOffset(layout.pageCount) - descriptorOffset(target)
    try writeZeros(from: descriptorOffset(target), byteCount: left)
  }

  /// Closes the gaps among the descriptors in the scratch buffer; returns how many stay.
  private mutating func dropMissingDescriptors(ofFirst count: Int) -> Int {
    var bytes = scratch.mutableBytes
    var kept = 0
    for index in 0..<count {
      let source = index * PageDescriptor.byteCount
      let offset = unsafe bytes.unsafeLoad(fromByteOffset: source, as: UInt64.self)
      if offset == 0 { continue }
      for word in 0..<PageDescriptor.byteCount / 8 {
        let bits = unsafe bytes.unsafeLoad(fromByteOffset: source + word * 8, as: UInt64.self)
        bytes.storeBytes(of: bits, toByteOffset: kept * PageDescriptor.byteCount + word * 8, as: UInt64.self)
      }
      kept += 1
    }
    return kept
  }
}
