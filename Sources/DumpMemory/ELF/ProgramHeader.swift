public import Platform

/// The fields of an Elf64_Phdr.
public struct ProgramHeader: Hashable, Sendable {
  public static let byteCount = 56
  /// PT_LOAD
  public static let load: UInt32 = 1
  /// PT_NOTE
  package static let note: UInt32 = 4

  /// Elf64_Phdr (elf(5))
  package enum Layout {
    package static var type: Field<UInt32> { Field(0) }
    package static var flags: Field<UInt32> { Field(4) }
    package static var offset: Field<UInt64> { Field(8) }
    package static var vaddr: Field<UInt64> { Field(16) }
    package static var paddr: Field<UInt64> { Field(24) }
    package static var filesz: Field<UInt64> { Field(32) }
    package static var memsz: Field<UInt64> { Field(40) }
  }

  /// p_type
  public let type: UInt32
  /// p_offset
  public let fileOffset: FileOffset
  /// p_vaddr
  public let virtualAddress: VirtualAddress
  /// p_paddr
  public let physicalAddress: PhysicalAddress
  /// p_filesz
  public let fileSize: UInt64
  /// p_memsz
  public let memorySize: UInt64

  /// Notes that lie somewhere in a file.
  init(notesAt place: Range<UInt64>) {
    type = Self.note
    fileOffset = FileOffset(place.lowerBound)
    virtualAddress = VirtualAddress(0)
    physicalAddress = PhysicalAddress(0)
    fileSize = UInt64(place.count)
    memorySize = 0
  }

  package init?(_ bytes: RawSpan, at offset: Int) {
    guard offset >= 0, offset <= bytes.byteCount - Self.byteCount else { return nil }
    type = Layout.type.load(from: bytes, at: offset)
    fileOffset = FileOffset(Layout.offset.load(from: bytes, at: offset))
    virtualAddress = VirtualAddress(Layout.vaddr.load(from: bytes, at: offset))
    physicalAddress = PhysicalAddress(Layout.paddr.load(from: bytes, at: offset))
    fileSize = Layout.filesz.load(from: bytes, at: offset)
    memorySize = Layout.memsz.load(from: bytes, at: offset)
  }

  /// `/proc/kcore` and cores made from it give segments without physical memory this p_paddr.
  package var hasNoPhysicalAddress: Bool { physicalAddress.rawValue == .max }
}
