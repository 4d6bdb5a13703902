internal import DumpMemory

/// The headers of an ELF dump and where its parts lie: they follow from two numbers.
struct ELFDumpHeaders: Hashable, Sendable {
  static let headerByteCount = 64
  static let programHeaderByteCount = 56
  private static let sectionHeaderByteCount = 64

  /// PT_LOADs.
  let loadCount: Int
  let noteSize: UInt64

  /// The program headers with the PT_NOTE's.
  private var programHeaderCount: Int { loadCount + 1 }
  /// More program headers than `e_phnum` can count: section header 0 has their number (elf(5), PN_XNUM).
  var isExtended: Bool { programHeaderCount >= 0xffff }

  var programHeaders: UInt64 { UInt64(Self.headerByteCount) }
  var sectionHeader: UInt64 {
    programHeaders + UInt64(programHeaderCount * Self.programHeaderByteCount)
  }
  var notes: UInt64 { sectionHeader + (isExtended ? UInt64(Self.sectionHeaderByteCount) : 0) }
  /// Where the pages begin: at a page of the file, so that readers can map them.
  var data: UInt64 { (notes + noteSize + 4095) & ~4095 }

  /// Writes the Elf64_Ehdr: 64 bytes over zeros.
  ///
  /// - Parameter isIncomplete: bit 0 of `e_flags`, by which makedumpfile and crash know such a dump.
  func encodeHeader(isIncomplete: Bool, into output: inout MutableRawSpan) {
    // ELFMAG, ELFCLASS64, ELFDATA2LSB, EV_CURRENT
    output.storeBytes(of: (0x0001_0102_464c_457f as UInt64).littleEndian, toByteOffset: 0, as: UInt64.self)
    // ET_CORE, EM_X86_64, EV_CURRENT
    output.storeBytes(of: (4 as UInt16).littleEndian, toByteOffset: 16, as: UInt16.self)
    output.storeBytes(of: (62 as UInt16).littleEndian, toByteOffset: 18, as: UInt16.self)
    output.storeBytes(of: (1 as UInt32).littleEndian, toByteOffset: 20, as: UInt32.self)
    output.storeBytes(of: programHeaders.littleEndian, toByteOffset: 32, as: UInt64.self)
    output.storeBytes(
      of: UInt32(isIncomplete ? 1 : 0).littleEndian, toByteOffset: Int(ELFHeader.flagsPlace), as: UInt32.self)
    output.storeBytes(of: UInt16(Self.headerByteCount).littleEndian, toByteOffset: 52, as: UInt16.self)
    output.storeBytes(of: UInt16(Self.programHeaderByteCount).littleEndian, toByteOffset: 54, as: UInt16.self)
    let count = isExtended ? 0xffff : UInt16(programHeaderCount)
    output.storeBytes(of: count.littleEndian, toByteOffset: 56, as: UInt16.self)
    if isExtended {
      output.storeBytes(of: sectionHeader.littleEndian, toByteOffset: 40, as: UInt64.self)
      output.storeBytes(
        of: UInt16(Self.sectionHeaderByteCount).littleEndian, toByteOffset: 58, as: UInt16.self)
      output.storeBytes(of: (1 as UInt16).littleEndian, toByteOffset: 60, as: UInt16.self)
    }
  }

  /// Writes section header 0, whose only meaning is the number of program headers: 64 bytes over zeros.
  func encodeSectionHeader(into output: inout MutableRawSpan) {
    output.storeBytes(of: UInt32(programHeaderCount).littleEndian, toByteOffset: 44, as: UInt32.self)
  }

  /// Writes the PT_NOTE's header: 56 bytes over zeros.
  func encodeNote(into output: inout MutableRawSpan) {
    output.storeBytes(of: (4 as UInt32).littleEndian, toByteOffset: 0, as: UInt32.self)
    output.storeBytes(of: notes.littleEndian, toByteOffset: 8, as: UInt64.self)
    output.storeBytes(of: noteSize.littleEndian, toByteOffset: 32, as: UInt64.self)
    output.storeBytes(of: noteSize.littleEndian, toByteOffset: 40, as: UInt64.self)
  }

  /// Writes a PT_LOAD's header: 56 bytes over zeros. `p_align` stays 0: by that crash knows a vmcore of kdump.
  ///
  /// - Parameter end: where the file ends as yet: what lies behind is not spoken of, not even as zeros. A header of
  ///   which nothing is there is a PT_NULL.
  func encode(
    _ whole: ELFProgramHeaders.Load, fileEndsAt end: UInt64, into output: inout MutableRawSpan,
    at position: Int
  ) {
    var load = whole
    let start = data + load.fileOffset
    let present = min(load.fileSize, end - min(start, end))
    if present < load.fileSize {
      load.fileSize = present
      load.memorySize = present
      if present == 0 { return }
    }
    output.storeBytes(of: (1 as UInt32).littleEndian, toByteOffset: position, as: UInt32.self)
    // PF_R, PF_W, PF_X, as /proc/vmcore has them
    output.storeBytes(of: (7 as UInt32).littleEndian, toByteOffset: position + 4, as: UInt32.self)
    let offset = load.fileSize > 0 ? data + load.fileOffset : 0
    output.storeBytes(of: offset.littleEndian, toByteOffset: position + 8, as: UInt64.self)
    output.storeBytes(of: load.virtual.littleEndian, toByteOffset: position + 16, as: UInt64.self)
    output.storeBytes(of: load.physical.littleEndian, toByteOffset: position + 24, as: UInt64.self)
    output.storeBytes(of: load.fileSize.littleEndian, toByteOffset: position + 32, as: UInt64.self)
    output.storeBytes(of: load.memorySize.littleEndian, toByteOffset: position + 40, as: UInt64.self)
  }
}
