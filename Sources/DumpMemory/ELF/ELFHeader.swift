/// The fields of an Elf64_Ehdr that a core's reader needs.
package struct ELFHeader {
  package static let byteCount = 64

  /// Elf64_Ehdr (elf(5))
  package enum Layout {
    /// `e_ident`: ELFMAG, EI_CLASS, EI_DATA, EI_VERSION
    package static var identification: Field<UInt64> { Field(0) }
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

  /// - Returns: the reason in words, where the bytes are not the header of a core of a machine that is known.
  package static func decode(_ bytes: RawSpan) -> Result<ELFHeader, Rejection> {
    // ELFMAG
    guard bytes.byteCount >= 20, bytes.littleEndian(at: 0, as: UInt32.self) == 0x464c_457f else {
      return .failure(Rejection(ForeignFormat.name(of: bytes)))
    }
    let identification = Layout.identification.load(from: bytes)
    let type = Layout.type.load(from: bytes)
    let machine = Layout.machine.load(from: bytes)
    let isBigEndian = identification >> 40 & 0xff == 2
    let name = ForeignFormat.machine(isBigEndian ? machine.byteSwapped : machine)
    guard identification >> 32 & 0xff == 2 else {
      return .failure(
        Rejection("a 32-bit ELF file (\(name)); only 64-bit vmcores of \(MachineKind.all) can be read"))
    }
    guard !isBigEndian else {
      return .failure(
        Rejection("a big-endian ELF file (\(name)); only vmcores of \(MachineKind.all) can be read"))
    }
    guard type == core else { return .failure(Rejection("an ELF file, but not a core (e_type \(type))")) }
    guard let kind = MachineKind(elfMachine: machine) else {
      return .failure(Rejection("a core of another machine (\(name)); only \(MachineKind.all) can be read"))
    }
    guard bytes.byteCount >= byteCount else { return .failure(Rejection(ForeignFormat.name(of: bytes))) }
    return .success(
      ELFHeader(
        machine: kind, phoff: Layout.phoff.load(from: bytes), shoff: Layout.shoff.load(from: bytes),
        shnum: Layout.shnum.load(from: bytes), shstrndx: Layout.shstrndx.load(from: bytes),
        phentsize: Layout.phentsize.load(from: bytes), phnum: Layout.phnum.load(from: bytes),
        flags: Layout.flags.load(from: bytes)))
  }

  /// Why a file is not taken, in words that follow its path.
  package struct Rejection: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }
}
