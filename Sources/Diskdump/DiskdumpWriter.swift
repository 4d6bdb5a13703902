public import Platform
public import Vmcore

/// Writes a kdump-compressed dump (header_version 6).
///
/// ``begin(notes:existing:dumpable:)`` once, ``append(data:pages:)`` for the pages in pfn order, then
/// ``finish(dumpable:)``; after any error ``abandon()``.
///
/// The dump is marked incomplete from its first byte to the last step of finishing, a page's data is in the
/// file before its descriptor, and every descriptor has its place reserved. So wherever the writing ends, be
/// it by a full disk, a failing one, or a kill, what lies before the end can be read, and nothing describes
/// what is not there. All of it is 64-bit.
public struct DiskdumpWriter: ~Copyable, Sendable {
  let description: DumpDescription
  let output: DumpOutput
  /// Headers, bitmaps and descriptors on their way to the file.
  var scratch: PageBuffer
  var layout: DiskdumpLayout
  private var maxMapNumber: UInt64 = 0
  private var failure: DumpWriteError?
  /// Nil until the file has been given its first bytes.
  private var dataEnd: UInt64?
  private var pagesDescribed: UInt64 = 0
  private var isMarkedComplete = false
  /// The end of the last chunk of the second bitmap that holds any frame.
  var secondBitmapEnd: UInt64 = 0
  /// Pages that were appended as ``StoredPage/unreadable``.
  public private(set) var unreadablePages: UInt64 = 0
  /// The index of the first of their descriptors.
  private(set) var firstUnreadable: UInt64 = 0

  /// Bytes handed to the file, each counted once; holes are not counted.
  public internal(set) var bytesWritten: UInt64 = 0

  /// Makes a writer that owns a file open for reading and writing.
  ///
  /// - Parameter sizeLimit: bytes that the file may have at most; nil for no limit.
  /// - Throws: ``DumpWriteError/failed(_:)`` if there is no memory for the writer's buffer.
  public init(
    file: consuming FileDescriptor, description: DumpDescription, sizeLimit: UInt64? = nil
  ) throws(DumpWriteError) {
    try self.init(description, DumpOutput(file: file, sizeLimit: sizeLimit))
  }

  /// Makes a writer that sends the dump in the flattened form (`-F`), to a pipe or whatever takes bytes.
  ///
  /// The stream cannot be gone back in. So its header says from the beginning what it will say at the end, and
  /// its last record is what makes it whole. And an unreadable page keeps its bit and has a descriptor that no
  /// reader accepts.
  public init(
    stream: consuming FileDescriptor, description: DumpDescription, sizeLimit: UInt64? = nil
  ) throws(DumpWriteError) {
    try self.init(description, try DumpOutput(stream: stream, sizeLimit: sizeLimit))
  }

  /// Makes a writer that only counts (`--dry-run`): it takes the same calls, and writes nothing.
  public init(
    countingOnly description: DumpDescription, sizeLimit: UInt64? = nil
  ) throws(DumpWriteError) {
    try self.init(description, DumpOutput(sizeLimit: sizeLimit))
  }

  #if DEBUG
    init(
      file: consuming FileDescriptor, description: DumpDescription, faults: FaultPlan
    ) throws(DumpWriteError) {
      try self.init(description, DumpOutput(file: file, faults: faults))
    }
  #endif

  private init(_ description: DumpDescription, _ output: consuming DumpOutput) throws(DumpWriteError) {
    let scratch: PageBuffer
    do {
      scratch = try PageBuffer(byteCount: max(Self.scratchSize, description.blockSize))
    } catch {
      throw DumpWriteError(error)
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

  private var descriptorCapacity: Int { scratch.byteCount / PageDescriptor.byteCount }

  func descriptorOffset(_ index: UInt64) -> UInt64 {
    layout.descriptors + index * UInt64(PageDescriptor.byteCount)
  }

  /// Whether the bitmaps cannot be changed any more: those of a stream are sent, and all files of a split dump
  /// have the same.
  private var keepsBits: Bool { output.isStream || description.split != nil }

  // MARK: - Begin

  /// Writes everything that precedes the pages, and reserves room for their descriptors.
  ///
  /// - Parameters:
  ///   - notes: the source's PT_NOTE contents, copied as they are.
  ///   - existing: the frames that the source has (first bitmap).
  ///   - dumpable: the frames that will be appended (second bitmap).
  public mutating func begin<Existing: PFNSet & ~Copyable>(
    notes: RawSpan, existing: borrowing Existing, dumpable: borrowing PFNBitmap
  ) throws(DumpWriteError) {
    precondition(existing.maxMapNumber == dumpable.maxMapNumber)
    precondition(description.vmcoreinfo.upperBound <= notes.byteCount)
    maxMapNumber = dumpable.maxMapNumber
    layout = DiskdumpLayout(
      blockSize: description.blockSize, noteSize: notes.byteCount,
      eraseInfoSize: description.eraseInfo.utf8.count, maxMapNumber: maxMapNumber,
      pageCount: description.split.map { dumpable.count(in: $0) } ?? dumpable.count,
      descriptorRoom: dumpable.count)
    do throws(DumpWriteError) {
      // A dump without its bitmaps and descriptors is of no use: rather none.
      try output.checkLimit(layout.data + (description.sharesZeroPages ? layout.blockSize : 0))
      try output.makeEmpty(size: layout.data)
      dataEnd = layout.data
      try writeHeader(incomplete: !output.isStream)
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

  private mutating func writeHeader(incomplete: Bool) throws(DumpWriteError) {
    let header = DiskdumpHeader(
      utsname: description.utsname, crashTime: description.crashTime,
      status: incomplete || description.isIncomplete
        ? description.compression.union(.incomplete) : description.compression.subtracting(.incomplete),
      blockSize: Int32(layout.blockSize), subHeaderBlocks: Int32(layout.subHeaderBlocks),
      bitmapBlocks: UInt32(layout.bitmapBlocks * 2), maxMapNumber: maxMapNumber,
      processorCount: description.processorCount)
    clearScratch(Int(layout.blockSize))
    var block = scratch.mutableBytes
    header.encode(into: &block)
    try output.write(scratch.bytes.extracting(first: Int(layout.blockSize)), at: 0)
  }

  private mutating func writeSubHeader(_ notes: RawSpan) throws(DumpWriteError) {
    let start = layout.notes.lowerBound
    let subHeader = KdumpSubHeader(
      physicalBase: description.physicalBase, dumpLevel: description.dumpLevel,
      vmcoreinfo: start + UInt64(description.vmcoreinfo.lowerBound)..<start
        + UInt64(description.vmcoreinfo.upperBound),
      notes: layout.notes, eraseInfo: layout.eraseInfo, maxMapNumber: maxMapNumber, split: description.split)
    clearScratch(KdumpSubHeader.byteCount)
    var block = scratch.mutableBytes
    subHeader.encode(into: &block)
    try output.write(scratch.bytes.extracting(first: KdumpSubHeader.byteCount), at: layout.subHeader)
    try output.write(notes, at: start)
    if !description.eraseInfo.isEmpty {
      let text = Array(description.eraseInfo.utf8)
      try unsafe output.write(text.span.bytes, at: layout.eraseInfo.lowerBound)
    }
    let end = layout.eraseInfo.upperBound
    bytesWritten += end - layout.subHeader
    try writeZeros(from: end, byteCount: layout.firstBitmap - end)
  }

  private mutating func reserveDescriptors() throws(DumpWriteError) {
    if output.isStream { return }
    let byteCount = (output.hasHoles ? layout.descriptorsEnd : layout.data) - layout.descriptors
    if output.hasHoles, try output.reserve(from: layout.descriptors, byteCount: byteCount) {
      bytesWritten += byteCount
    } else {
      try writeZeros(from: layout.descriptors, byteCount: byteCount)
    }
  }

  // MARK: - Pages

  /// Appends pages: their data first, then the descriptors of those whose data is wholly in the file.
  ///
  /// - Parameters:
  ///   - data: the stored bytes of the pages that have any, back to back.
  ///   - pages: in the order of their pfns, going on where the last call ended.
  public mutating func append(data: RawSpan, pages: Span<StoredPage>) throws(DumpWriteError) {
    if let failure { throw failure }
    guard let start = dataEnd, UInt64(pages.count) <= layout.pageCount - pagesDescribed else {
      failure = .pageCount(written: pagesDescribed + UInt64(pages.count), promised: layout.pageCount)
      throw failure!
    }
    let (written, error) = output.writeAsMuchAsPossible(data, at: start)
    do throws(DumpWriteError) {
      let described = try describe(pages, inFileUpTo: start + UInt64(written))
      if let error { throw error }
      precondition(described == pages.count && dataEnd == start + UInt64(data.byteCount))
    } catch {
      failure = error
      throw error
    }
  }

  /// Writes the descriptors of the first pages, as far as their data is in the file; returns how many.
  private mutating func describe(
    _ pages: Span<StoredPage>, inFileUpTo limit: UInt64
  ) throws(DumpWriteError) -> Int {
    var described = 0
    while described < pages.count {
      let start = dataEnd ?? limit
      let next = pages.extracting(described..<min(described + descriptorCapacity, pages.count))
      let piece = encodeDescriptors(next, from: start, upTo: limit)
      if piece.count == 0 { break }
      // The data stays in the file even if the descriptors fail: some of them may be written.
      dataEnd = piece.dataEnd
      try writeDescriptors(piece.count, at: descriptorOffset(pagesDescribed))
      pagesDescribed += UInt64(piece.count)
      bytesWritten += piece.dataEnd - start
      described += piece.count
    }
    return described
  }

  /// Writes descriptors from the scratch buffer, the file's last page first.
  ///
  /// A kill can end a write between two pages of the page cache, and a descriptor may lie across them. Its
  /// offset must then be the part that is not there: crash shows any bytes for one that has no size.
  private func writeDescriptors(_ count: Int, at start: UInt64) throws(DumpWriteError) {
    var end = start + UInt64(count * PageDescriptor.byteCount)
    if output.isStream {
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
    _ pages: Span<StoredPage>, from start: UInt64, upTo limit: UInt64
  ) -> (count: Int, dataEnd: UInt64) {
    let zeroPage = PageDescriptor(offset: layout.data, size: UInt32(layout.blockSize), flags: .raw)
    let sharesZeroPages = description.sharesZeroPages
    let unreadable: PageDescriptor = keepsBits ? .unreadable : .missing
    var end = start
    var count = 0
    var missing = 0
    var firstMissing = 0
    var bytes = scratch.mutableBytes
    pages: while count < pages.count {
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
        if missing == 0 { firstMissing = count }
        missing += 1
      }
      descriptor.encode(into: &bytes, at: count * PageDescriptor.byteCount)
      count += 1
    }
    if unreadablePages == 0, missing > 0 { firstUnreadable = pagesDescribed + UInt64(firstMissing) }
    unreadablePages += UInt64(missing)
    return (count, end)
  }

  // MARK: - End

  /// Completes the dump: leaves out the pages that could not be read, waits for the disk, and only then takes
  /// the incomplete mark away.
  ///
  /// - Parameter dumpable: the set given to ``begin(notes:existing:dumpable:)``, less the unreadable pages.
  public mutating func finish(dumpable: borrowing PFNBitmap) throws(DumpWriteError) {
    if let failure { throw failure }
    do throws(DumpWriteError) {
      guard pagesDescribed == layout.pageCount,
        description.split != nil || dumpable.count == layout.pageCount - unreadablePages
      else {
        throw .pageCount(written: pagesDescribed - unreadablePages, promised: dumpable.count)
      }
      if unreadablePages > 0, output.isFile, !keepsBits { try leaveOutUnreadablePages(dumpable) }
      if output.isStream {
        try output.endStream()
        return
      }
      try output.synchronize()
      isMarkedComplete = true
      try writeHeader(incomplete: false)
      try output.synchronize()
    } catch {
      failure = error
      throw error
    }
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
