internal import Platform

/// The notes of a core: NT_PRSTATUS of each processor, VMCOREINFO, device dumps.
@safe
public final class CoreNotes: Sendable {
  private let buffer: PageBuffer
  /// Bytes of ``bytes``.
  public let byteCount: Int
  /// Where in ``bytes`` the text of VMCOREINFO lies; nil where the core has none.
  public let vmcoreinfoRange: Range<Int>?
  /// Notes of type NT_PRSTATUS named `CORE`: the processors that were running.
  public let processorCount: Int
  /// Notes that were too large to carry along (device dumps, VMCOREDD): their number and bytes.
  public let omitted: (count: Int, byteCount: UInt64)

  /// A capture kernel has 256 MiB: so much of it may go to notes.
  static let mostBytes = 32 << 20

  /// - Parameter extra: a note to put behind those of the file.
  init(
    _ segments: [ProgramHeader], in file: borrowing InputFile, extra: [UInt8] = []
  ) throws(VmcoreError) {
    var total: UInt64 = 0
    for segment in segments {
      let (sum, overflow) = total.addingReportingOverflow(segment.fileSize)
      total = overflow ? .max : sum
    }
    var omitted: (count: Int, byteCount: UInt64) = (0, 0)
    var buffer = try ELFCore.pageBuffer(Int(min(total, UInt64(Self.mostBytes))) + extra.count)
    var filled = 0
    for segment in segments {
      if total <= UInt64(Self.mostBytes) {
        filled += try Self.read(file, segment.fileOffset, Int(segment.fileSize), into: &buffer, at: filled)
      } else {
        try Self.readSmallNotes(file, segment, into: &buffer, &filled, &omitted)
      }
    }
    for byte in extra {
      buffer.store(byte, at: filled)
      filled += 1
    }

    // What follows a note that claims too much is no note: readers of the dump would run past its end there.
    (vmcoreinfoRange, processorCount, byteCount) = Self.survey(buffer.bytes.extracting(0..<filled))
    self.buffer = buffer
    self.omitted = omitted
  }

  /// Notes made from others: those that were left out stay so.
  init(_ bytes: [UInt8], insteadOf notes: CoreNotes) throws(VmcoreError) {
    var buffer = try ELFCore.pageBuffer(bytes.count)
    for (index, byte) in bytes.enumerated() { buffer.store(byte, at: index) }
    (vmcoreinfoRange, processorCount, byteCount) = Self.survey(buffer.bytes.extracting(0..<bytes.count))
    self.buffer = buffer
    omitted = notes.omitted
  }

  private static func survey(_ bytes: RawSpan) -> (vmcoreinfo: Range<Int>?, processors: Int, end: Int) {
    var vmcoreinfo: Range<Int>?
    var processors = 0
    var offset = 0
    while let note = ELFNote(bytes, at: offset) {
      if note.name == "VMCOREINFO", vmcoreinfo == nil { vmcoreinfo = note.descriptor }
      if note.name == "CORE", note.type == ELFNote.prstatus { processors += 1 }
      offset = note.range.upperBound
    }
    return (vmcoreinfo, processors, offset)
  }

  /// Whether a Xen hypervisor describes itself: its VMCOREINFO, or XEN_ELFNOTE_CRASH_INFO.
  var isOfXen: Bool {
    var offset = 0
    while let note = ELFNote(bytes, at: offset) {
      if note.name == "VMCOREINFO_XEN" || note.name == "Xen" && note.type == 0x100_0001 { return true }
      offset = note.range.upperBound
    }
    return false
  }

  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // The buffer never moves and goes with its owner, which the compiler cannot see through a class.
      unsafe _overrideLifetime(RawSpan(_unsafeBytes: Self.memory(buffer, byteCount)), borrowing: self)
    }
  }

  private static func memory(_ buffer: borrowing PageBuffer, _ byteCount: Int) -> UnsafeRawBufferPointer {
    unsafe buffer.bytes.withUnsafeBytes { unsafe UnsafeRawBufferPointer(rebasing: $0[..<byteCount]) }
  }

  private static func read(
    _ file: borrowing InputFile, _ offset: FileOffset, _ byteCount: Int, into buffer: inout PageBuffer,
    at place: Int
  ) throws(VmcoreError) -> Int {
    guard byteCount > 0 else { return 0 }
    guard offset.rawValue <= UInt64(Int64.max) - UInt64(byteCount) else {
      throw .malformed(path: file.path, at: offset, "notes cannot lie there")
    }
    var bytes = buffer.mutableBytes(in: place..<place + byteCount)
    let count: Int
    do throws(SystemError) { count = try file.read(into: &bytes, at: offset) } catch { throw .system(error) }
    guard count == byteCount else {
      throw .malformed(
        path: file.path, at: offset, "the notes (\(byteCount) bytes) reach past the end of the file")
    }
    return count
  }

  /// Walks a segment whose notes are too large to be held together, and keeps those of up to 1 MiB.
  private static func readSmallNotes(
    _ file: borrowing InputFile, _ segment: ProgramHeader, into buffer: inout PageBuffer,
    _ filled: inout Int, _ omitted: inout (count: Int, byteCount: UInt64)
  ) throws(VmcoreError) {
    var header = try ELFCore.pageBuffer(ELFNote.headerByteCount)
    var done: UInt64 = 0
    while done + UInt64(ELFNote.headerByteCount) <= segment.fileSize {
      let place = FileOffset(segment.fileOffset.rawValue &+ done)
      guard try ELFCore.read(file, into: &header, at: place) == ELFNote.headerByteCount,
        let nameSize = header.bytes.littleEndian(at: 0, as: UInt32.self),
        let descriptorSize = header.bytes.littleEndian(at: 4, as: UInt32.self)
      else { return }
      let size =
        UInt64(ELFNote.headerByteCount) + (UInt64(nameSize) + 3) & ~3 + (UInt64(descriptorSize) + 3) & ~3
      guard done + size <= segment.fileSize else { return }
      if size <= 1 << 20, filled + Int(size) <= Self.mostBytes {
        filled += try read(file, place, Int(size), into: &buffer, at: filled)
      } else {
        omitted = (omitted.count + 1, omitted.byteCount + size)
      }
      done += size
    }
  }
}
