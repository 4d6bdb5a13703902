public import DumpMemory
internal import Platform

/// Writes a kdump-compressed dump (header_version 6).
///
/// ``begin(notes:existing:dumpable:)`` once, ``append(data:pages:)`` for the pages in pfn order or
/// ``append(data:pages:ranks:)`` for them in any other, then ``finish(dumpable:)``; after any error ``abandon()``.
///
/// The dump is marked incomplete from its first byte to the last step of finishing, a page's data is in the
/// file before its descriptor, and every descriptor has its place reserved. So wherever the writing ends, be
/// it by a full disk, a failing one, or a kill, what lies before the end can be read, and nothing describes
/// what is not there. All of it is 64-bit.
public struct DiskdumpWriter: ~Copyable, Sendable {
  let description: DumpDescription
  let output: DumpOutput
  /// Headers, bitmaps and descriptors on their way to the file.
  var scratch: MappedBuffer
  var copyWay = CopyWay()
  var layout: DiskdumpLayout
  private var maxMapNumber: UInt64 = 0
  var failure: DumpError?
  /// Nil until the file has been given its first bytes.
  var dataEnd: UInt64?
  /// Pages that have their descriptors, those that could not be read among them.
  public internal(set) var pagesDescribed: UInt64 = 0
  private var isMarkedComplete = false
  /// The end of the last chunk of the second bitmap that holds any frame.
  var secondBitmapEnd: UInt64 = 0
  /// Pages that were appended as ``StoredPage/unreadable``.
  public internal(set) var unreadablePages: UInt64 = 0
  public private(set) var unreadableNoteBytes = 0
  /// The index of the first of their descriptors.
  var firstUnreadable: UInt64 = 0
  /// The first of their frames, where frames are told.
  var firstUnreadableFrame: PFN?

  /// Bytes handed to the file, each counted once; holes are not counted.
  public internal(set) var bytesWritten: UInt64 = 0

  /// Makes a writer.
  ///
  /// An output that cannot be gone back in has a header that says from the beginning what it will say at the end, and its
  /// last record is what makes it whole. An unreadable page keeps its bit there, and has a descriptor that no reader accepts.
  ///
  /// - Throws: ``DumpError/failed(_:)`` if there is no memory for the writer's buffer.
  public init(_ description: DumpDescription, to output: consuming DumpOutput) throws(DumpError) {
    let scratch: MappedBuffer
    do {
      scratch = try MappedBuffer(byteCount: max(Self.scratchSize, description.blockSize))
    } catch {
      throw DumpError(error)
    }
    self.description = description
    self.output = output
    self.scratch = scratch
    layout = DiskdumpLayout(blockSize: description.blockSize, noteSize: 0, maxMapNumber: 0, pageCount: 0)
  }

  /// Writes are at least this large where the file is written in one piece.
  private static var scratchSize: Int { 64 << 10 }

  /// Bytes of the file so far.
  public var fileSize: UInt64 { dataEnd ?? 0 }

  var descriptorCapacity: Int { scratch.byteCount / PageDescriptor.byteCount }

  func descriptorOffset(_ index: UInt64) -> UInt64 {
    layout.descriptors + index * UInt64(PageDescriptor.byteCount)
  }

  /// Whether the bitmaps cannot be changed any more: those of a stream are sent, and all files of a split dump
  /// have the same.
  var keepsBits: Bool { !output.canBeRewritten || description.facts.split != nil }

  /// Bytes that a dump can need at most, were no page compressed, with what filesystems take for their lists of blocks:
  /// those of 1 KiB have 4 bytes each.
  public static func mostBytes(
    pages: UInt64, maxMapNumber: UInt64, noteSize: Int, _ description: DumpDescription
  ) -> UInt64 {
    let layout = DiskdumpLayout(
      blockSize: description.blockSize, noteSize: noteSize,
      eraseInfoSize: description.facts.eraseInfo.utf8.count, maxMapNumber: maxMapNumber, pageCount: pages)
    let bytes = layout.data + (pages + 1) * layout.blockSize
    return bytes + bytes / 256
  }

  // MARK: - Begin

  /// Writes everything that precedes the pages, and reserves room for their descriptors.
  ///
  /// - Parameters:
  ///   - notes: the source's, copied as they are.
  ///   - existing: the frames that the source has (first bitmap).
  ///   - dumpable: the frames that will be appended (second bitmap).
  public mutating func begin<Existing: PFNSet & ~Copyable>(
    notes: CoreNotes, existing: borrowing Existing, dumpable: borrowing PFNBitmap
  ) throws(DumpError) {
    precondition(existing.maxMapNumber == dumpable.maxMapNumber)
    precondition(description.vmcoreinfo.upperBound <= notes.byteCount)
    maxMapNumber = dumpable.maxMapNumber
    layout = DiskdumpLayout(
      blockSize: description.blockSize, noteSize: notes.byteCount,
      eraseInfoSize: description.facts.eraseInfo.utf8.count, maxMapNumber: maxMapNumber,
      pageCount: description.facts.split.map { dumpable.count(in: $0) } ?? dumpable.count,
      descriptorRoom: dumpable.count)
    do throws(DumpError) {
      // A dump without its bitmaps and descriptors is of no use: rather none.
      try output.checkLimit(layout.data + (description.sharesZeroPages ? layout.blockSize : 0))
      try output.makeEmpty(size: layout.data)
      dataEnd = layout.data
      try writeHeader(incomplete: output.canBeRewritten)
      bytesWritten += layout.blockSize
      try writeSubHeader(notes)
      _ = try writeBitmap(existing, at: layout.firstBitmap)
      secondBitmapEnd = try writeBitmap(dumpable, at: layout.secondBitmap)
      try reserveDescriptors()
      if description.sharesZeroPages {
        try writeZeros(from: layout.data, byteCount: layout.blockSize)
        dataEnd = layout.data + layout.blockSize
      }
    } catch {
      failure = error
      throw error
    }
  }

  private mutating func writeHeader(incomplete: Bool) throws(DumpError) {
    let header = DiskdumpHeader(
      utsname: description.facts.utsname, crashTime: description.facts.crashTime,
      status: incomplete || description.isIncomplete
        ? description.status.union(.incomplete) : description.status.subtracting(.incomplete),
      blockSize: Int32(layout.blockSize), subHeaderBlocks: Int32(layout.subHeaderBlocks),
      bitmapBlocks: UInt32(layout.bitmapBlocks * 2), maxMapNumber: maxMapNumber,
      processorCount: description.facts.processorCount)
    clearScratch(Int(layout.blockSize))
    var block = scratch.mutableBytes
    header.encode(into: &block)
    try output.write(scratch.bytes.extracting(first: Int(layout.blockSize)), at: 0)
  }

  private mutating func writeSubHeader(_ notes: CoreNotes) throws(DumpError) {
    let start = layout.notes.lowerBound
    let subHeader = KdumpSubHeader(
      physicalBase: description.facts.physicalBase, dumpLevel: Int32(description.facts.dumpLevel.rawValue),
      vmcoreinfo: start + UInt64(description.vmcoreinfo.lowerBound)..<start
        + UInt64(description.vmcoreinfo.upperBound),
      notes: layout.notes, eraseInfo: layout.eraseInfo, maxMapNumber: maxMapNumber,
      split: description.facts.split)
    clearScratch(KdumpSubHeader.byteCount)
    var block = scratch.mutableBytes
    subHeader.encode(into: &block)
    try output.write(scratch.bytes.extracting(first: KdumpSubHeader.byteCount), at: layout.subHeader)
    unreadableNoteBytes = try output.write(notes, at: start, through: &scratch)
    if !description.facts.eraseInfo.isEmpty {
      let text = Array(description.facts.eraseInfo.utf8)
      try unsafe output.write(text.span.bytes, at: layout.eraseInfo.lowerBound)
    }
    let end = layout.eraseInfo.upperBound
    bytesWritten += end - layout.subHeader
    try writeZeros(from: end, byteCount: layout.firstBitmap - end)
  }

  private mutating func reserveDescriptors() throws(DumpError) {
    // What was not sent reads as zeros.
    if !output.canBeRewritten { return }
    let byteCount = (output.hasHoles ? layout.descriptorsEnd : layout.data) - layout.descriptors
    if output.hasHoles, try output.reserve(from: layout.descriptors, byteCount: byteCount) {
      bytesWritten += byteCount
    } else {
      try writeZeros(from: layout.descriptors, byteCount: byteCount)
    }
  }

  // MARK: - End

  /// Completes the dump: leaves out the pages that could not be read, waits for the disk, and only then takes
  /// the incomplete mark away.
  ///
  /// - Parameter dumpable: the set given to ``begin(notes:existing:dumpable:)``, less the unreadable pages.
  public mutating func finish(dumpable: borrowing PFNBitmap) throws(DumpError) {
    if let failure { throw failure }
    do throws(DumpError) {
      guard pagesDescribed == layout.pageCount,
        description.facts.split != nil || dumpable.count == layout.pageCount - unreadablePages
      else {
        throw .pageCount(written: pagesDescribed - unreadablePages, promised: dumpable.count)
      }
      let isCutShort = description.isIncomplete || (unreadablePages > 0 && !description.leavesOutUnreadable)
      if unreadablePages > 0, output.canBeReadBack, !keepsBits, !isCutShort {
        try leaveOutUnreadablePages(dumpable)
        try recordUnreadablePages()
      }
      if !output.canBeRewritten {
        // Its header was sent when nothing was lost yet.
        if isCutShort, !description.isIncomplete { try writeHeader(incomplete: true) }
        try output.endStream()
        return
      }
      try output.synchronize()
      isMarkedComplete = !isCutShort
      try writeHeader(incomplete: isCutShort)
      try output.synchronize()
    } catch {
      failure = error
      throw error
    }
  }

  /// Ends the dump with the pages that it has.
  ///
  /// A stream's header said that it would be complete: it is sent once more, and of two records with the same bytes the
  /// later counts, to makedumpfile, libkdumpfile and `-R`. crash takes either of them.
  public mutating func closeEarly() throws(DumpError) {
    guard let dataEnd else { return }
    if output.canBeRewritten {
      try output.truncate(to: dataEnd)
      try output.synchronize()
      return
    }
    try output.synchronize()
    try writeHeader(incomplete: true)
    try output.endStream()
  }

  /// Leaves what there is in a readable state, as far as the disk still allows: no byte behind the last page
  /// that has a descriptor, and the incomplete mark.
  public mutating func abandon() {
    guard let dataEnd else { return }
    if isMarkedComplete { try? writeHeader(incomplete: true) }
    try? output.truncate(to: dataEnd)
    try? output.synchronize()
  }
}
