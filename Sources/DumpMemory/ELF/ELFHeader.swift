/// The fields of an Elf64_Ehdr that a core's reader needs.
package struct ELFHeader {
  package static let byteCount = 64
  /// Where `e_flags` is.
  package static let flagsPlace: UInt64 = 48

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
    guard bytes.byteCount >= 20, bytes.littleEndian(at: 0, as: UInt32.self) == 0x464c_457f,
      let identification = bytes.littleEndian(at: 4, as: UInt16.self),
      let type = bytes.littleEndian(at: 16, as: UInt16.self),
      let machine = bytes.littleEndian(at: 18, as: UInt16.self)
    else { return .failure(Rejection(ForeignFormat.name(of: bytes))) }
    let isBigEndian = identification >> 8 == 2
    let name = ForeignFormat.machine(isBigEndian ? machine.byteSwapped : machine)
    guard identification & 0xff == 2 else {
      return .failure(
        Rejection("a 32-bit ELF file (\(name)); only 64-bit vmcores of \(MachineKind.all) can be read"))
    }
    guard !isBigEndian else {
      return .failure(
        Rejection("a big-endian ELF file (\(name)); only vmcores of \(MachineKind.all) can be read"))
    }
    guard type == 4 else { return .failure(Rejection("an ELF file, but not a core (e_type \(type))")) }
    guard let kind = MachineKind(elfMachine: machine) else {
      return .failure(Rejection("a core of another machine (\(name)); only \(MachineKind.all) can be read"))
    }
    guard bytes.byteCount >= byteCount, let phoff = bytes.littleEndian(at: 32, as: UInt64.self),
      let shoff = bytes.littleEndian(at: 40, as: UInt64.self),
      let flags = bytes.littleEndian(at: Int(flagsPlace), as: UInt32.self),
      let phentsize = bytes.littleEndian(at: 54, as: UInt16.self),
      let phnum = bytes.littleEndian(at: 56, as: UInt16.self),
      let shnum = bytes.littleEndian(at: 60, as: UInt16.self),
      let shstrndx = bytes.littleEndian(at: 62, as: UInt16.self)
    else { return .failure(Rejection(ForeignFormat.name(of: bytes))) }
    return .success(
      ELFHeader(
        machine: kind, phoff: phoff, shoff: shoff, shnum: shnum, shstrndx: shstrndx, phentsize: phentsize,
        phnum: phnum,
        flags: flags))
  }

  /// Why a file is not taken, in words that follow its path.
  package struct Rejection: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }
}
