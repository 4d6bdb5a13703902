internal import DumpMemory

/// The headers of an ELF dump and where its parts lie: they follow from two numbers.
struct ELFDumpHeaders: Hashable, Sendable {
  private typealias Header = ELFHeader.Layout
  private typealias Program = ProgramHeader.Layout

  /// PT_LOADs.
  let loadCount: Int
  let noteSize: UInt64

  /// The program headers with the PT_NOTE's.
  private var programHeaderCount: Int { loadCount + 1 }
  /// More program headers than `e_phnum` can count: section header 0 has their number (elf(5), PN_XNUM).
  var isExtended: Bool { programHeaderCount >= 0xffff }

  var programHeaders: UInt64 { UInt64(ELFHeader.byteCount) }
  var sectionHeader: UInt64 {
    programHeaders + UInt64(programHeaderCount * ProgramHeader.byteCount)
  }
  var notes: UInt64 { sectionHeader + (isExtended ? UInt64(ELFSectionHeader.byteCount) : 0) }
  /// Where the pages begin: at a page of the file, so that readers can map them. Those of 4 KiB are enough: a reader whose own
  /// are larger maps from an earlier one.
  var data: UInt64 { (notes + noteSize + 4095) & ~4095 }

  /// Writes the Elf64_Ehdr: 64 bytes over zeros.
  ///
  /// - Parameter isIncomplete: bit 0 of `e_flags`, by which makedumpfile and crash know such a dump.
  func encodeHeader(of machine: MachineKind, isIncomplete: Bool, into output: inout MutableRawSpan) {
    Header.magic.store(ELFHeader.magic, in: &output)
    Header.bits.store(ELFHeader.is64Bit, in: &output)
    Header.byteOrder.store(ELFHeader.isLittleEndian, in: &output)
    Header.identVersion.store(ELFHeader.version, in: &output)
    Header.type.store(ELFHeader.core, in: &output)
    Header.machine.store(machine.elfMachine, in: &output)
    Header.version.store(UInt32(ELFHeader.version), in: &output)
    Header.phoff.store(programHeaders, in: &output)
    Header.flags.store(isIncomplete ? 1 : 0, in: &output)
    Header.ehsize.store(UInt16(ELFHeader.byteCount), in: &output)
    Header.phentsize.store(UInt16(ProgramHeader.byteCount), in: &output)
    Header.phnum.store(isExtended ? ELFHeader.extendedNumbering : UInt16(programHeaderCount), in: &output)
    if isExtended {
      Header.shoff.store(sectionHeader, in: &output)
      Header.shentsize.store(UInt16(ELFSectionHeader.byteCount), in: &output)
      Header.shnum.store(1, in: &output)
    }
  }

  /// Writes section header 0, whose only meaning is the number of program headers: 64 bytes over zeros.
  func encodeSectionHeader(into output: inout MutableRawSpan) {
    ELFSectionHeader.Layout.info.store(UInt32(programHeaderCount), in: &output)
  }

  /// Writes the PT_NOTE's header: 56 bytes over zeros.
  func encodeNote(into output: inout MutableRawSpan) {
    Program.type.store(ProgramHeader.note, in: &output)
    Program.offset.store(notes, in: &output)
    Program.filesz.store(noteSize, in: &output)
    Program.memsz.store(noteSize, in: &output)
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
    Program.type.store(ProgramHeader.load, in: &output, at: position)
    // PF_R, PF_W, PF_X, as /proc/vmcore has them
    Program.flags.store(7, in: &output, at: position)
    Program.offset.store(load.fileSize > 0 ? data + load.fileOffset : 0, in: &output, at: position)
    Program.vaddr.store(load.virtual, in: &output, at: position)
    Program.paddr.store(load.physical, in: &output, at: position)
    Program.filesz.store(load.fileSize, in: &output, at: position)
    Program.memsz.store(load.memorySize, in: &output, at: position)
  }
}
