public import DumpMemory
internal import PageCompression
internal import Platform

/// Writes an ELF core (`-E`): the source's segments, without the pages that are left out.
///
/// The file grows as pages are written, its program headers follow every few megabytes, and bit 0 of `e_flags` says that
/// it is incomplete until all of it is on the disk. So wherever the writing ends, the headers name nothing that the file
/// does not have. Those of a stream, which is sent once, name all from the beginning.
public struct ELFDumpWriter: ~Copyable, Sendable, DumpWriter {
  /// What the headers say besides the segments.
  public struct Contents: Sendable {
    public var machine: MachineKind
    public var geometry: PageGeometry
    /// What was changed in the pages, a line each; it becomes a note.
    public var eraseInfo: String
    /// Frames whose pages were lost: no segment speaks of them.
    public var lost: PFNRanges
    /// Whether pages were lost before: the dump then stays marked incomplete.
    public var isIncomplete: Bool

    public init(
      machine: MachineKind, geometry: PageGeometry, eraseInfo: String = "",
      lost: PFNRanges = PFNRanges([], maxMapNumber: 0),
      isIncomplete: Bool = false
    ) {
      self.machine = machine
      self.geometry = geometry
      self.eraseInfo = eraseInfo
      self.lost = lost
      self.isIncomplete = isIncomplete
    }
  }

  private let segments: [CoreSegment]
  let machine: MachineKind
  private let geometry: PageGeometry
  private let pageSize: Int
  private let eraseInfo: String
  let output: DumpOutput
  /// Headers on their way to the file, and zeros.
  var scratch: MappedBuffer
  var headers = ELFDumpHeaders(loadCount: 0, noteSize: 0)
  private var extents: ELFExtents
  var loads: [ELFProgramHeaders.Load] = []
  /// Where the file ended when its program headers were written.
  var headersEnd: UInt64 = 0
  private let lost: PFNRanges
  private let isIncomplete: Bool
  private var hasBegun = false
  /// The extent of the last page.
  private var latest = 0
  private var failure: DumpError?
  /// Behind the last page that was written.
  var dataEnd: UInt64 = 0
  private var pageCount: UInt64 = 0
  public private(set) var pagesTaken: UInt64 = 0
  private var isMarkedComplete = false
  /// Pages that could not be read though they could be when they were looked for: they have a place, and are zeros there.
  public private(set) var unreadablePages: UInt64 = 0
  public private(set) var bytesWritten: UInt64 = 0
  public private(set) var unreadableNoteBytes = 0

  private static let scratchSize = 64 << 10
  /// Bytes of pages between two writings of the program headers.
  private static let headersStep: UInt64 = 8 << 20

  /// Each is a PT_LOAD more, in which readers look for every page.
  private static let mostStretches = 128

  public var hasStreamEnd: Bool { output.hasStreamEnd }

  /// Headers speak of whole pages, in the order in which they come.
  public var form: PageForm {
    PageForm(
      codec: .none, sharesZeroPages: false,
      order: .stretches(joining: 255, most: Self.mostStretches, byRank: false))
  }

  /// Makes a writer.
  ///
  /// - Parameters:
  ///   - segments: what the source speaks of, in its order.
  ///   - contents: what else the headers say, and how.
  /// - Throws: ``DumpError/failed(_:)`` if there is no memory for the writer's buffer.
  public init(
    _ segments: [CoreSegment], contents: Contents, to output: consuming DumpOutput
  ) throws(DumpError) {
    let scratch: MappedBuffer
    do throws(SystemError) { scratch = try MappedBuffer(byteCount: Self.scratchSize) } catch {
      throw .failed(error)
    }
    self.scratch = scratch
    self.segments = segments
    machine = contents.machine
    geometry = contents.geometry
    pageSize = contents.geometry.size
    extents = ELFExtents(pageSize: contents.geometry.size)
    eraseInfo = contents.eraseInfo
    lost = contents.lost
    isIncomplete = contents.isIncomplete
    self.output = output
  }

  /// Bytes that a dump can need at most, with what filesystems take for their lists of blocks.
  public static func mostBytes(pages: UInt64, pageSize: Int, noteSize: Int) -> UInt64 {
    let bytes = (pages + 256) * UInt64(pageSize) + UInt64(noteSize)
    return bytes + bytes / 256
  }

  // MARK: - Begin

  public mutating func begin(
    notes: CoreNotes, existing: PFNRanges, dumpable: borrowing PFNBitmap, sequence: FrameSequence?
  ) throws(DumpError) {
    let extents = ELFExtents(
      dumpable, existing: existing, lost: lost, sequence: sequence, pageSize: pageSize)
    guard let programs = ELFProgramHeaders(segments, extents: extents, lost: lost, geometry: geometry) else {
      let reason =
        "the segments of the vmcore overlap, and an ELF core of it would need more than \(ELFProgramHeaders.most)"
        + " program headers; without -E it needs none"
      let error = DumpError.failed(SystemError("write", subject: "-E", code: .fileTooLarge, reason: reason))
      failure = error
      throw error
    }
    loads = programs.loads
    let new = eraseInfo.split(separator: "\n").text(without: notes.eraseInfo)
    let extra = new.isEmpty ? [] : CoreNotes.note(named: "ERASEINFO", Array(new.utf8))
    headers = ELFDumpHeaders(
      loadCount: loads.count, noteSize: UInt64(notes.byteCount + extra.count))
    pageCount = dumpable.count
    do throws(DumpError) {
      // Headers without pages are of no use: rather nothing.
      try output.checkLimit(headers.data)
      try output.makeEmpty(size: 0)
      try writeHeader(isIncomplete: isIncomplete || output.canBeRewritten)
      dataEnd = headers.data
      try writeProgramHeaders()
      unreadableNoteBytes = try output.write(notes, at: headers.notes, through: &scratch)
      if !extra.isEmpty {
        try unsafe output.write(extra.span.bytes, at: headers.notes + UInt64(notes.byteCount))
      }
      let end = headers.notes + headers.noteSize
      try writeZeros(end..<headers.data)
    } catch {
      failure = error
      throw error
    }
    bytesWritten = headers.data
    self.extents = extents
    hasBegun = true
  }

  // MARK: - Pages

  public mutating func append(
    data: RawSpan, pages: Span<StoredPage>, frames: Span<PFN>, ranks: Span<UInt64>
  ) throws(DumpError) {
    precondition(ranks.isEmpty)
    try append(data: data, pages: pages, frames: frames)
  }

  public mutating func append(
    data: RawSpan, pages: Span<StoredPage>, frames: Span<PFN>
  ) throws(DumpError) {
    if let failure { throw failure }
    precondition(frames.count == pages.count)
    guard hasBegun, UInt64(pages.count) <= pageCount - pagesTaken else {
      let error = DumpError.pageCount(
        written: pagesTaken + UInt64(pages.count), promised: pageCount)
      failure = error
      throw error
    }
    var index = 0
    var taken = 0
    while index < pages.count {
      guard isData(pages[index]) else {
        unreadablePages += 1
        pagesTaken += 1
        index += 1
        continue
      }
      let start = offset(of: frames[index])
      var count = 1
      while index + count < pages.count, isData(pages[index + count]),
        offset(of: frames[index + count]) == start + UInt64(count * pageSize)
      {
        count += 1
      }
      let end = taken + count * pageSize
      try write(data.extracting(taken..<end), at: start)
      taken = end
      index += count
    }
  }

  /// Whether a page has bytes: pages of zeros have been left out before, and are none of those promised.
  private func isData(_ page: StoredPage) -> Bool {
    switch page {
    case .data(let size, let flags):
      precondition(flags == .raw && size == UInt32(pageSize))
      return true
    case .unreadable: return false
    case .zero: preconditionFailure("a page of zeros has no place")
    }
  }

  /// File offset of a frame's page.
  private mutating func offset(of pfn: PFN) -> UInt64 {
    var hint = latest
    let offset = extents.offset(of: pfn, hint: &hint)
    latest = hint
    return headers.data + offset
  }

  private mutating func write(_ bytes: RawSpan, at start: UInt64) throws(DumpError) {
    do throws(DumpError) { try fill(to: start) } catch {
      failure = error
      throw error
    }
    let (written, error) = output.writeAsMuchAsPossible(bytes, at: start)
    let whole = written / pageSize * pageSize
    if whole > 0 {
      dataEnd = start + UInt64(whole)
      bytesWritten += UInt64(whole)
      pagesTaken += UInt64(whole / pageSize)
    }
    if let error {
      failure = error
      throw error
    }
    if output.canBeReadBack, dataEnd - headersEnd >= max(Self.headersStep, UInt64(loads.count) << 12) {
      do throws(DumpError) { try writeProgramHeaders() } catch {
        failure = error
        throw error
      }
    }
  }

  /// Writes the zeros of short gaps where a hole cannot stand for them.
  private mutating func fill(to end: UInt64) throws(DumpError) {
    guard !output.hasHoles, dataEnd < end else { return }
    try writeZeros(dataEnd..<end)
    bytesWritten += end - dataEnd
    dataEnd = end
  }

  private mutating func writeZeros(_ range: Range<UInt64>) throws(DumpError) {
    clearScratch(Int(min(UInt64(range.count), UInt64(scratch.byteCount))))
    var at = range.lowerBound
    while at < range.upperBound {
      let count = min(range.upperBound - at, UInt64(scratch.byteCount))
      try output.write(scratch.bytes.extracting(first: Int(count)), at: at)
      at += count
    }
  }

  mutating func clearScratch(_ byteCount: Int) {
    var bytes = scratch.mutableBytes(in: 0..<byteCount)
    bytes.zero()
  }

  // MARK: - End

  public mutating func finish(dumpable: borrowing PFNBitmap) throws(DumpError) {
    if let failure { throw failure }
    do throws(DumpError) {
      guard hasBegun, pagesTaken == pageCount else {
        throw .pageCount(written: pagesTaken, promised: pageCount)
      }
      let end = headers.data + extents.byteCount
      try fill(to: end)
      if !output.canBeRewritten {
        // Its header was sent when nothing was lost yet; of two records with the same bytes the later counts.
        if unreadablePages > 0, !isIncomplete { try writeHeader(isIncomplete: true) }
        try output.endStream()
        return
      }
      // The last pages may be ones that could not be read.
      if dataEnd < end { try output.truncate(to: end) }
      dataEnd = max(dataEnd, end)
      if output.canBeReadBack { try writeProgramHeaders() }
      try output.synchronize()
      isMarkedComplete = !isIncomplete && unreadablePages == 0
      try writeHeader(isIncomplete: !isMarkedComplete)
      try output.synchronize()
    } catch {
      failure = error
      throw error
    }
  }

  public mutating func abandon() {
    guard hasBegun else { return }
    if isMarkedComplete { try? writeHeader(isIncomplete: true) }
    if output.canBeReadBack { try? writeProgramHeaders() }
    try? output.truncate(to: dataEnd)
    try? output.synchronize()
  }
}
