public import Platform

/// An ELF core: `/proc/vmcore`, a copy of it, or what QEMU's dump-guest-memory writes.
public struct ELFCore: ~Copyable, Sendable {
  public let file: InputFile
  public let machine: MachineKind
  /// Pages of the kernel that VMCOREINFO names; the smallest of the machine where it has none.
  public let geometry: PageGeometry
  /// Every PT_LOAD, in the file's order.
  public let loads: [ProgramHeader]
  /// The contents of the PT_NOTE segments.
  public let notes: CoreNotes
  /// Every program header, in the file's order.
  public let programHeaders: [ProgramHeader]
  /// Where in the file the first of them is (e_phoff); each has ``ProgramHeader/byteCount`` bytes.
  public let programHeadersOffset: FileOffset
  /// Bit 0 of `e_flags`, by which a program that writes vmcores says that it did not come to the end.
  public let isMarkedIncomplete: Bool

  /// More segments than any machine has; each costs 48 bytes here.
  static let mostSegments = 1 << 20

  /// Reads the headers and notes.
  ///
  /// - Throws: ``VmcoreError/foreign(path:_:)`` for another kind of file,
  ///   ``VmcoreError/malformed(path:at:_:)`` where headers lie outside of the file.
  public init(opening path: String) throws(VmcoreError) {
    try self.init(InputFile(opening: path))
  }

  /// Reads the headers and notes of a file that is open already; see ``init(opening:)``.
  ///
  /// - Parameter geometry: what counts instead of what the notes say.
  public init(_ file: InputFile, geometry: PageGeometry? = nil) throws(VmcoreError) {
    let header = try Self.readHeader(file)
    if header.phnum == 0, try Self.isOfXenGuest(file, header: header) {
      throw .foreign(path: file.path, ForeignFormat.xenGuest)
    }
    let programHeaders = try Self.readProgramHeaders(file, header: header)
    var loads: [ProgramHeader] = []
    var noteSegments: [ProgramHeader] = []
    for program in programHeaders {
      switch program.type {
      case ProgramHeader.load: loads.append(program)
      case ProgramHeader.note: noteSegments.append(program)
      default: break
      }
    }
    if loads.isEmpty { throw .foreign(path: file.path, "an ELF core without PT_LOAD: it holds no memory") }
    let notes = try CoreNotes(noteSegments, in: file)
    if notes.isOfXen { throw .foreign(path: file.path, ForeignFormat.xen) }
    self.notes = notes
    machine = header.machine
    self.geometry = geometry ?? header.machine.geometry(notes.vmcoreinfo) ?? header.machine.leastGeometry
    self.loads = loads
    self.programHeaders = programHeaders
    programHeadersOffset = FileOffset(header.phoff)
    isMarkedIncomplete = header.flags & 1 != 0
    self.file = file
  }

  /// Bytes of the file as they were when it was opened.
  public var fileSize: UInt64 { file.size }

  private static func readHeader(_ file: InputFile) throws(VmcoreError) -> ELFHeader {
    var buffer = try MappedBuffer.allocate(byteCount: ELFHeader.byteCount)
    let count = try file.fill(&buffer, at: FileOffset(0))
    do throws(VmcoreError) {
      return try ELFHeader.decode(buffer.bytes.extracting(0..<count), of: file.path)
    } catch {
      if try isSadumpBackup(file) { throw .foreign(path: file.path, ForeignFormat.sadump) }
      throw error
    }
  }

  /// Whether a block of a medium's own precedes sadump's partition header.
  private static func isSadumpBackup(_ file: InputFile) throws(VmcoreError) -> Bool {
    var buffer = try MappedBuffer.allocate(byteCount: 8)
    guard try file.fill(&buffer, at: FileOffset(4096)) == 8 else { return false }
    return ForeignFormat.isSadump(buffer.bytes)
  }

  /// Whether a core without segments has `xl dump-core`'s sections, `.xen_pages` among them.
  private static func isOfXenGuest(
    _ file: InputFile, header: ELFHeader
  ) throws(VmcoreError) -> Bool {
    guard header.shnum > 0, header.shstrndx < header.shnum else { return false }
    let size = ELFSectionHeader.byteCount
    var section = try MappedBuffer.allocate(byteCount: size)
    let place = header.shoff.addingReportingOverflow(UInt64(size) * UInt64(header.shstrndx))
    guard !place.overflow, try file.fill(&section, at: FileOffset(place.partialValue)) == size else {
      return false
    }
    let start = ELFSectionHeader.Layout.offset.load(from: section.bytes)
    var names = try MappedBuffer.allocate(byteCount: 4096)
    let count = try file.fill(&names, at: FileOffset(start))
    return ForeignFormat.hasXenPages(names.bytes.extracting(0..<count))
  }

  private static func readProgramHeaders(
    _ file: InputFile, header: ELFHeader
  ) throws(VmcoreError) -> [ProgramHeader] {
    guard Int(header.phentsize) == ProgramHeader.byteCount else {
      throw .malformed(
        path: file.path, at: ELFHeader.Layout.phentsize.fileOffset,
        "e_phentsize is \(header.phentsize), not 56")
    }
    var count = Int(header.phnum)
    if header.phnum == ELFHeader.extendedNumbering {
      // elf(5), PN_XNUM: sh_info of section header 0.
      var buffer = try MappedBuffer.allocate(byteCount: ELFSectionHeader.byteCount)
      let got = try file.fill(&buffer, at: FileOffset(header.shoff))
      guard got == ELFSectionHeader.byteCount else {
        throw .malformed(
          path: file.path, at: FileOffset(header.shoff),
          "section header 0 (the number of segments) is not there")
      }
      count = Int(ELFSectionHeader.Layout.info.load(from: buffer.bytes))
    }
    guard count <= mostSegments else {
      throw .malformed(
        path: file.path, at: ELFHeader.Layout.phnum.fileOffset, "\(count) program headers")
    }
    var buffer = try MappedBuffer.allocate(byteCount: count * ProgramHeader.byteCount)
    let got = try file.fill(&buffer, at: FileOffset(header.phoff))
    guard got == buffer.byteCount else {
      throw .malformed(
        path: file.path, at: FileOffset(header.phoff),
        "only \(got / ProgramHeader.byteCount) of \(count) program headers are in the file")
    }
    var programs: [ProgramHeader] = []
    programs.reserveCapacity(count)
    for index in 0..<count {
      guard let program = ProgramHeader(buffer.bytes, at: index * ProgramHeader.byteCount) else { break }
      programs.append(program)
    }
    return programs
  }
}
