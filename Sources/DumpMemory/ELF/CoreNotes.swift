public import Platform

/// The notes of a core, in the core's order: NT_PRSTATUS of each processor, VMCOREINFO, device dumps.
///
/// A device dump (VMCOREDD) is as large as its device likes, 32 MiB and more: what is large stays in the file, and
/// is read from there by whoever wants it, a piece at a time.
public final class CoreNotes: Sendable {
  let list: NoteList
  private let file: InputFile?
  /// Where in the notes the text of VMCOREINFO lies; nil where the core has none.
  public let vmcoreinfoRange: Range<Int>?
  /// The same text.
  private let vmcoreinfoBytes: [UInt8]
  /// Notes of type NT_PRSTATUS named `CORE`: the processors that were running.
  public let processorCount: Int
  /// What is wrong with the notes, a line each, in words that follow the core's path.
  public let warnings: [String]
  /// Whether a Xen hypervisor describes itself: its VMCOREINFO, or XEN_ELFNOTE_CRASH_INFO.
  let isOfXen: Bool

  /// - Parameter extra: a note to put behind those of the file.
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` where the segments reach past the end of the file.
  init(_ segments: [ProgramHeader], in file: InputFile, extra: [UInt8] = []) throws(VmcoreError) {
    var survey = NoteSurvey(file)
    for segment in segments { try survey.add(segment) }
    survey.list.hold(extra)
    list = survey.list
    self.file = file
    (vmcoreinfoRange, vmcoreinfoBytes) = list.vmcoreinfo()
    processorCount = survey.processorCount
    isOfXen = survey.isOfXen
    warnings =
      survey.refusedInfo.map {
        ["its VMCOREINFO has \($0) bytes, more than any kernel writes, and is not read"]
      } ?? []
  }

  /// Notes made from others.
  init(_ list: NoteList, insteadOf notes: CoreNotes) {
    self.list = list
    file = notes.file
    (vmcoreinfoRange, vmcoreinfoBytes) = list.vmcoreinfo()
    processorCount = notes.processorCount
    isOfXen = notes.isOfXen
    warnings = notes.warnings
  }

  /// Notes that are all in memory.
  public init(_ bytes: [UInt8]) {
    var list = NoteList()
    list.hold(bytes)
    self.list = list
    file = nil
    (vmcoreinfoRange, vmcoreinfoBytes) = list.vmcoreinfo()
    processorCount = 0
    isOfXen = false
    warnings = []
  }

  /// Bytes of all notes.
  public var byteCount: Int { list.byteCount }

  /// Bytes of those that stay in the file.
  public var storedByteCount: Int { list.byteCount - list.held.count }

  /// The text of VMCOREINFO; nil where the core has none.
  public var vmcoreinfo: VMCOREINFO? {
    guard vmcoreinfoRange != nil else { return nil }
    return VMCOREINFO(String(decoding: vmcoreinfoBytes.prefix { $0 != 0 }, as: UTF8.self))
  }

  /// What was changed in the pages before, a line each, by the notes named `ERASEINFO` (makedumpfile's name and form).
  public var eraseInfo: [Substring] { list.lines(ofNotesNamed: "ERASEINFO") }

  /// Where in the file a byte of the notes lies; nil for one that did not come from there.
  public func fileOffset(ofByte place: Int) -> UInt64? { list.fileOffset(ofByte: place) }

  /// Copies a part of the notes to the beginning of a buffer.
  ///
  /// - Returns: bytes that could not be read from the file; they are zeros.
  public func read(into buffer: inout MappedBuffer, count: Int, at offset: Int) -> Int {
    var bytes = buffer.mutableBytes(in: 0..<count)
    return list.read(into: &bytes, at: offset, from: file)
  }

  /// Whether both have the same bytes.
  ///
  /// - Throws: ``SystemError`` without memory for a piece of each.
  public func isEqual(to other: CoreNotes) throws(SystemError) -> Bool {
    guard byteCount == other.byteCount else { return false }
    var ours = try MappedBuffer(byteCount: 64 << 10)
    var theirs = try MappedBuffer(byteCount: 64 << 10)
    var done = 0
    while done < byteCount {
      let count = min(byteCount - done, ours.byteCount)
      guard read(into: &ours, count: count, at: done) == 0,
        other.read(into: &theirs, count: count, at: done) == 0,
        ours.bytes.extracting(first: count).isEqual(to: theirs.bytes.extracting(first: count))
      else { return false }
      done += count
    }
    return true
  }
}
