/// The fields of an Elf64_Ehdr that a core's reader needs.
package struct ELFHeader {
  package static let byteCount = 64

  /// Elf64_Ehdr (elf(5))
  package enum Layout {
    /// `e_ident`: its magic number, EI_CLASS, EI_DATA and EI_VERSION
    package static var magic: Field<UInt32> { Field(0) }
    package static var bits: Field<UInt8> { Field(4) }
    package static var byteOrder: Field<UInt8> { Field(5) }
    package static var identVersion: Field<UInt8> { Field(6) }
    package static var type: Field<UInt16> { Field(16) }
    package static var machine: Field<UInt16> { Field(18) }
    package static var version: Field<UInt32> { Field(20) }
    package static var phoff: Field<UInt64> { Field(32) }
    package static var shoff: Field<UInt64> { Field(40) }
    package static var flags: Field<UInt32> { Field(48) }
    package static var ehsize: Field<UInt16> { Field(52) }
    package static var phentsize: Field<UInt16> { Field(54) }
    package static var phnum: Field<UInt16> { Field(56) }
    package static var shentsize: Field<UInt16> { Field(58) }
    package static var shnum: Field<UInt16> { Field(60) }
    package static var shstrndx: Field<UInt16> { Field(62) }
  }

  /// ELFMAG
  package static let magic: UInt32 = 0x464c_457f
  /// ELFCLASS64
  package static let is64Bit: UInt8 = 2
  /// ELFDATA2LSB and ELFDATA2MSB
  package static let isLittleEndian: UInt8 = 1
  private static let isBigEndian: UInt8 = 2
  /// EV_CURRENT
  package static let version: UInt8 = 1
  /// ET_CORE
  package static let core: UInt16 = 4

  package let machine: MachineKind
  package let phoff: UInt64
  package let shoff: UInt64
  package let shnum: UInt16
  /// The section with the names of the others.
  package let shstrndx: UInt16
  package let phentsize: UInt16
  package let phnum: UInt16
  package let flags: UInt32

  /// The program headers are too many for `e_phnum`: section header 0 holds their number in `sh_info`.
  package static let extendedNumbering: UInt16 = 0xffff

  /// - Throws: ``VmcoreError/foreign(path:_:)`` where the bytes are not the header of a core of a machine that is known.
  package static func decode(_ bytes: RawSpan, of path: String) throws(VmcoreError) -> ELFHeader {
    guard bytes.byteCount >= 20, Layout.magic.load(from: bytes) == magic else {
      throw .foreign(path: path, ForeignFormat.name(of: bytes))
    }
    let type = Layout.type.load(from: bytes)
    let machine = Layout.machine.load(from: bytes)
    let isBigEndian = Layout.byteOrder.load(from: bytes) == Self.isBigEndian
    let name = ForeignFormat.machine(isBigEndian ? machine.byteSwapped : machine)
    guard Layout.bits.load(from: bytes) == is64Bit else {
      throw .foreign(
        path: path, "a 32-bit ELF file (\(name)); only 64-bit vmcores of \(MachineKind.all) can be read")
    }
    guard !isBigEndian else {
      throw .foreign(
        path: path, "a big-endian ELF file (\(name)); only vmcores of \(MachineKind.all) can be read")
    }
    guard type == core else { throw .foreign(path: path, "an ELF file, but not a core (e_type \(type))") }
    guard let kind = MachineKind(elfMachine: machine) else {
      throw .foreign(path: path, "a core of another machine (\(name)); only \(MachineKind.all) can be read")
    }
    guard bytes.byteCount >= byteCount else { throw .foreign(path: path, ForeignFormat.name(of: bytes)) }
    return ELFHeader(
      machine: kind, phoff: Layout.phoff.load(from: bytes), shoff: Layout.shoff.load(from: bytes),
      shnum: Layout.shnum.load(from: bytes), shstrndx: Layout.shstrndx.load(from: bytes),
      phentsize: Layout.phentsize.load(from: bytes), phnum: Layout.phnum.load(from: bytes),
      flags: Layout.flags.load(from: bytes))
  }
}
