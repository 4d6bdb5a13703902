internal import DumpMemory
internal import Platform

/// The fields of an Elf64_Shdr that a vmlinux is read by.
struct VmlinuxSection: Sendable {
  static let byteCount = 64
  static let symbolTable: UInt32 = 2
  static let note: UInt32 = 7
  static let noBits: UInt32 = 8

  /// sh_name
  let nameOffset: Int
  /// sh_type
  let type: UInt32
  /// sh_addr
  let address: UInt64
  /// sh_offset
  let fileOffset: UInt64
  /// sh_size
  let size: UInt64
  /// sh_link
  let link: Int

  init?(_ bytes: RawSpan, at offset: Int) {
    guard let name = bytes.littleEndian(at: offset, as: UInt32.self),
      let type = bytes.littleEndian(at: offset + 4, as: UInt32.self),
      let address = bytes.littleEndian(at: offset + 16, as: UInt64.self),
      let fileOffset = bytes.littleEndian(at: offset + 24, as: UInt64.self),
      let size = bytes.littleEndian(at: offset + 32, as: UInt64.self),
      let link = bytes.littleEndian(at: offset + 40, as: UInt32.self)
    else { return nil }
    nameOffset = Int(name)
    self.type = type
    self.address = address
    self.fileOffset = fileOffset
    self.size = size
    self.link = Int(link)
  }

  /// Whether the section holds the byte at an address of the kernel before KASLR.
  func holds(_ value: UInt64) -> Bool {
    type != Self.noBits && value >= address && value - address < size
  }
}
