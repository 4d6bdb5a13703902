/// Builds an ELF64 core file for x86_64 as /proc/vmcore presents it: header, program headers, notes, memory.
///
/// Every field of the header can be overridden, to build files that lie.
public struct ELFBuilder: Sendable {
  /// EI_CLASS; 2 is ELFCLASS64.
  public var elfClass: UInt8 = 2
  /// EI_DATA; 1 is ELFDATA2LSB.
  public var dataEncoding: UInt8 = 1
  /// e_type; 4 is ET_CORE.
  public var type: UInt16 = 4
  /// e_machine; 62 is EM_X86_64.
  public var machine: UInt16 = 62
  public var magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]
  public var claimedProgramHeaderOffset: UInt64?
  public var claimedProgramHeaderSize: UInt16?
  public var claimedProgramHeaderCount: UInt16?
  /// e_shoff, where a test wants a lie.
  public var claimedSectionHeaderOffset: UInt64?
  /// sh_info of section header 0, which holds the count of program headers in the PN_XNUM form.
  public var claimedExtendedCount: UInt32?
  /// Uses the PN_XNUM form even where the count would fit into e_phnum.
  public var usesExtendedNumbering = false
  /// Every segment's bytes begin at a multiple of this; /proc/vmcore uses whole pages.
  public var segmentFileAlignment = 4096
  /// p_filesz of PT_NOTE, where a test wants a lie.
  public var claimedNoteSize: UInt64?
  /// p_offset of PT_NOTE, where a test wants a lie.
  public var claimedNoteOffset: UInt64?
  /// The contents of PT_NOTE, the first program header; it is left out where there are none.
  public var notes: [ELFNote] = []
  public var segments: [ELFSegment] = []

  /// PN_XNUM.
  private static let extendedNumbering = 0xffff

  public init() {}

  /// Lays the file out and returns its bytes.
  public func build() -> ELFImage {
    let noteBytes = notes.flatMap(\.bytes)
    let headerCount = segments.count + (notes.isEmpty ? 0 : 1)
    let extended = usesExtendedNumbering || headerCount >= Self.extendedNumbering
    let programHeaders = 64
    let sectionHeader = programHeaders + headerCount * 56
    let noteStart = sectionHeader + (extended ? 64 : 0)

    var segmentOffsets: [Int] = []
    var position = noteStart + noteBytes.count
    for segment in segments {
      position = (position + segmentFileAlignment - 1) / segmentFileAlignment * segmentFileAlignment
      segmentOffsets.append(position)
      position += segment.data.count
    }

    var out: [UInt8] = []
    out.reserveCapacity(position)
    out += magic
    out += [elfClass, dataEncoding, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    out.appendLittleEndian(type)
    out.appendLittleEndian(machine)
    out.appendLittleEndian(UInt32(1))  // e_version
    out.appendLittleEndian(UInt64(0))  // e_entry
    out.appendLittleEndian(claimedProgramHeaderOffset ?? UInt64(programHeaders))
    out.appendLittleEndian(claimedSectionHeaderOffset ?? (extended ? UInt64(sectionHeader) : 0))
    out.appendLittleEndian(UInt32(0))  // e_flags
    out.appendLittleEndian(UInt16(64))  // e_ehsize
    out.appendLittleEndian(claimedProgramHeaderSize ?? 56)
    out.appendLittleEndian(
      claimedProgramHeaderCount ?? UInt16(extended ? Self.extendedNumbering : headerCount))
    out.appendLittleEndian(UInt16(extended ? 64 : 0))  // e_shentsize
    out.appendLittleEndian(UInt16(extended ? 1 : 0))  // e_shnum
    out.appendLittleEndian(UInt16(0))  // e_shstrndx

    if !notes.isEmpty {
      out.appendLittleEndian(UInt32(4))  // PT_NOTE
      out.appendLittleEndian(UInt32(0))
      out.appendLittleEndian(claimedNoteOffset ?? UInt64(noteStart))
      out.appendLittleEndian(UInt64(0))
      out.appendLittleEndian(UInt64(0))
      out.appendLittleEndian(claimedNoteSize ?? UInt64(noteBytes.count))
      out.appendLittleEndian(claimedNoteSize ?? UInt64(noteBytes.count))
      out.appendLittleEndian(UInt64(0))
    }
    for (segment, offset) in zip(segments, segmentOffsets) {
      out.appendLittleEndian(segment.type)
      out.appendLittleEndian(segment.flags)
      out.appendLittleEndian(segment.claimedOffset ?? UInt64(offset))
      out.appendLittleEndian(segment.vaddr)
      out.appendLittleEndian(segment.paddr)
      out.appendLittleEndian(segment.claimedFileSize ?? UInt64(segment.data.count))
      out.appendLittleEndian(segment.memorySize ?? segment.claimedFileSize ?? UInt64(segment.data.count))
      out.appendLittleEndian(segment.alignment)
    }
    if extended {
      var section = [UInt8](repeating: 0, count: 64)
      section.storeLittleEndian(UInt32(1), at: 32)  // sh_size: number of section headers
      section.storeLittleEndian(claimedExtendedCount ?? UInt32(headerCount), at: 44)  // sh_info
      out += section
    }
    out += noteBytes
    for (segment, offset) in zip(segments, segmentOffsets) {
      out.append(contentsOf: repeatElement(0, count: offset - out.count))
      out += segment.data
    }
    return ELFImage(
      bytes: out, programHeaders: programHeaders, programHeaderCount: headerCount,
      notes: noteStart..<noteStart + noteBytes.count, vmcoreinfo: vmcoreinfoRange(from: noteStart),
      segments: segmentOffsets)
  }

  private func vmcoreinfoRange(from start: Int) -> Range<Int>? {
    var position = start
    for note in notes {
      let bytes = note.bytes
      if note.name == "VMCOREINFO" {
        let paddedName = (note.name.utf8.count + 1 + 3) / 4 * 4
        let text = position + 12 + paddedName
        return text..<text + note.descriptor.count
      }
      position += bytes.count
    }
    return nil
  }
}
