public import Platform

/// The fields of an Elf64_Phdr.
public struct ProgramHeader: Hashable, Sendable {
  public static let byteCount = 56
  /// PT_LOAD
  public static let load: UInt32 = 1
  static let note: UInt32 = 4

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
    guard let type = bytes.littleEndian(at: offset, as: UInt32.self),
      let fileOffset = bytes.littleEndian(at: offset + 8, as: UInt64.self),
      let virtualAddress = bytes.littleEndian(at: offset + 16, as: UInt64.self),
      let physicalAddress = bytes.littleEndian(at: offset + 24, as: UInt64.self),
      let fileSize = bytes.littleEndian(at: offset + 32, as: UInt64.self),
      let memorySize = bytes.littleEndian(at: offset + 40, as: UInt64.self)
    else { return nil }
    self.type = type
    self.fileOffset = FileOffset(fileOffset)
    self.virtualAddress = VirtualAddress(virtualAddress)
    self.physicalAddress = PhysicalAddress(physicalAddress)
    self.fileSize = fileSize
    self.memorySize = memorySize
  }

  /// `/proc/kcore` and cores made from it give segments without physical memory this p_paddr.
  package var hasNoPhysicalAddress: Bool { physicalAddress.rawValue == .max }
}
