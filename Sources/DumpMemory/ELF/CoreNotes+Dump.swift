internal import Platform

extension CoreNotes {
  /// Reads the notes that a dump carries, and makes a note of a VMCOREINFO that is not among them.
  ///
  /// - Parameters:
  ///   - place: bytes of the file; empty where there are none (header_version 3 of kdump-compressed dumps).
  ///   - vmcoreinfo: where the text of VMCOREINFO lies; empty where there is none.
  public convenience init(
    at place: Range<UInt64>, vmcoreinfo: Range<UInt64>, in file: InputFile
  ) throws(VmcoreError) {
    let segments = place.isEmpty ? [] : [ProgramHeader(notesAt: place)]
    let isAmongThem = try CoreNotes(segments, in: file).vmcoreinfoRange != nil
    try self.init(segments, in: file, extra: isAmongThem ? [] : Self.note(of: vmcoreinfo, file))
  }

  /// The kernel's own text is a page at most.
  private static let mostVMCOREINFO = 1 << 20

  private static func note(
    of vmcoreinfo: Range<UInt64>, _ file: InputFile
  ) throws(VmcoreError) -> [UInt8] {
    guard !vmcoreinfo.isEmpty, vmcoreinfo.count <= mostVMCOREINFO else { return [] }
    var buffer = try MappedBuffer.allocate(byteCount: vmcoreinfo.count)
    let count = try file.fill(&buffer, at: FileOffset(vmcoreinfo.lowerBound))
    var text: [UInt8] = []
    for index in 0..<count { text.append(buffer.bytes.littleEndian(at: index, as: UInt8.self) ?? 0) }
    return note(named: "VMCOREINFO", text)
  }

  /// The bytes of an ELF note of type 0: header, name and descriptor, each padded to 4 bytes.
  public static func note(named name: String, _ descriptor: [UInt8]) -> [UInt8] {
    let name = Array(name.utf8) + [0]
    var note: [UInt8] = []
    note.append(word: UInt32(name.count))
    note.append(word: UInt32(descriptor.count))
    note.append(word: 0)
    for part in [name, descriptor] {
      note += part
      while note.count % 4 != 0 { note.append(0) }
    }
    return note
  }
}

extension [UInt8] {
  fileprivate mutating func append(word: UInt32) {
    for shift in 0..<4 { append(UInt8(truncatingIfNeeded: word >> UInt32(8 * shift))) }
  }
}
