internal import DumpMemory
internal import Platform

/// A vmlinux: the symbols, types and identity of a kernel as its build left them.
///
/// Also takes files that have only some of it: distributions' vmlinux with nothing but `.BTF`, and BTF
/// without any ELF around it, such as a copy of `/sys/kernel/btf/vmlinux`.
public struct VmlinuxFile: ~Copyable {
  private let file: FileDescriptor
  private let fileSize: UInt64
  private let sections: [VmlinuxSection]
  private let names: [String]
  private let isBareBTF: Bool
  /// Nil where the file does not tell.
  let machine: MachineKind?

  private static let mostSections = 100_000
  private static let largestStringTable: UInt64 = 64 << 20
  private static let largestNotes: UInt64 = 1 << 20

  public init(opening path: String) throws(KernelError) {
    let file = try KernelError.wrapping { () throws(SystemError) in try FileDescriptor.open(reading: path) }
    let size = try KernelError.wrapping { () throws(SystemError) in try file.size() }
    let header = try Self.read(file, at: 0, count: min(size, 64))
    var sections: [VmlinuxSection] = []
    var names: [String] = []
    let isBareBTF = header.bytes.littleEndian(at: 0, as: UInt16.self) == BTF.magic
    if !isBareBTF {
      sections = try Self.readSections(file, header: header.bytes)
      names = try Self.readNames(file, header: header.bytes, sections: sections)
    }
    self.sections = sections
    self.names = names
    self.isBareBTF = isBareBTF
    machine = isBareBTF ? nil : header.bytes.littleEndian(at: 18).flatMap { MachineKind(elfMachine: $0) }
    fileSize = size
    self.file = file
  }

  public var path: String { file.path }

  /// The types of the section `.BTF`; without it, or where it lacks variables, those of DWARF that are wanted.
  ///
  /// - Returns: nil if the file has neither.
  /// - Throws: ``KernelError/absent(_:)`` if there is only DWARF and this build does not read it.
  public func types(_ wanted: WantedTypes = WantedTypes()) throws(KernelError) -> BTF? {
    if isBareBTF { return try BTF(file, at: FileOffset(0), byteCount: fileSize) }
    // .zdebug is how GNU tools compressed sections before ELF knew of it.
    let hasDWARF = names.contains(".debug_info") || names.contains(".zdebug_info")
    // A file of debug information alone has the section's header and not what is in it.
    guard let section = section(".BTF"), section.type != VmlinuxSection.noBits else {
      return hasDWARF ? try debugTypes(wanted) : nil
    }
    let btf = try BTF(file, at: FileOffset(section.fileOffset), byteCount: section.size)
    let variables = Set(wanted.variables.keys)
    guard hasDWARF, Self.readsDebugInformation, btf.variables(named: variables).count < variables.count else {
      return btf
    }
    return try debugTypes(wanted)
  }

  /// Looks names up in `.symtab`.
  ///
  /// - Returns: values as the file has them, before KASLR; empty without a symbol table.
  public func values(of wantedNames: [String]) throws(KernelError) -> [String: UInt64] {
    guard let table = sections.first(where: { $0.type == VmlinuxSection.symbolTable }),
      sections.indices.contains(table.link)
    else { return [:] }
    let strings = sections[table.link]
    guard strings.size <= Self.largestStringTable else { throw .malformed("its .strtab is too large") }
    let text = try Self.read(file, at: strings.fileOffset, count: strings.size)
    var wanted = WantedNames(wantedNames)
    let entry = 24
    let window = UInt64(entry) * 4096
    var done: UInt64 = 0
    while done < table.size, wanted.missing > 0 {
      let piece = try Self.read(file, at: table.fileOffset &+ done, count: min(window, table.size - done))
      for at in stride(from: 0, to: piece.byteCount - entry + 1, by: entry) {
        Self.note(piece.bytes, at: at, text: text.bytes, wanted: &wanted)
      }
      done += window
    }
    return wanted.found
  }

  /// Elf64_Sym: st_name, st_info, st_other, st_shndx, st_value, st_size.
  private static func note(
    _ table: RawSpan, at: Int, text: RawSpan, wanted: inout WantedNames
  ) {
    guard let name = table.littleEndian(at: at, as: UInt32.self),
      let info = table.littleEndian(at: at + 4, as: UInt8.self),
      let section = table.littleEndian(at: at + 6, as: UInt16.self),
      let value = table.littleEndian(at: at + 8, as: UInt64.self)
    else { return }
    // Neither sections and source files nor what is defined elsewhere.
    guard section != 0, info & 0xf != 3, info & 0xf != 4 else { return }
    let start = Int(name)
    if let index = wanted.index(where: { text.holds($0, at: start) }) { wanted.note(index, value) }
  }

  // MARK: - Which kernel it is of

  /// The build ID, as hexadecimal digits.
  public func buildID() throws(KernelError) -> String? {
    for section in sections
    where section.type == VmlinuxSection.note && section.size > 0 && section.size <= Self.largestNotes {
      let notes = try Self.read(file, at: section.fileOffset, count: section.size)
      var offset = 0
      while let note = ELFNote(notes.bytes, at: offset) {
        // NT_GNU_BUILD_ID
        if note.name == "GNU", note.type == 3 {
          return note.descriptor.reduce(into: "") { digits, place in
            let byte = notes.bytes.littleEndian(at: place, as: UInt8.self) ?? 0
            digits += (byte < 16 ? "0" : "") + String(byte, radix: 16)
          }
        }
        offset = note.range.upperBound
      }
    }
    return nil
  }

  /// The release that `linux_banner` names.
  public func release() throws(KernelError) -> String? {
    guard let address = try values(of: ["linux_banner"])["linux_banner"],
      let section = sections.first(where: { $0.holds(address) })
    else { return nil }
    let offset = address - section.address
    let banner = try Self.read(
      file, at: section.fileOffset &+ offset, count: min(section.size - offset, 256))
    let words = banner.bytes.text(in: 0..<banner.byteCount).split(separator: " ", maxSplits: 3)
    guard words.count >= 3, words[0] == "Linux", words[1] == "version" else { return nil }
    return String(words[2])
  }

  /// Makes sure that the file is of the kernel that crashed.
  ///
  /// - Returns: what proves it, in words; nil where the file has nothing that could.
  public func identify(_ kernel: KernelFacts) throws(KernelError) -> String? {
    if let expected = kernel.info.string("BUILD-ID"), let found = try buildID() {
      guard found == expected else {
        throw .malformed("its build ID is \(found), but the vmcore's kernel has \(expected)")
      }
      return "the same build ID"
    }
    if let found = try release() {
      guard found == kernel.release else {
        throw .malformed("it is Linux \(found), but the vmcore is of \(kernel.release)")
      }
      return "the same release"
    }
    return nil
  }

  // MARK: - Reading

  private func section(_ name: String) -> VmlinuxSection? {
    names.firstIndex(of: name).map { sections[$0] }
  }

  private static func readSections(
    _ file: borrowing FileDescriptor, header: RawSpan
  ) throws(KernelError) -> [VmlinuxSection] {
    guard header.littleEndian(at: 0, as: UInt32.self) == 0x464c_457f,
      header.littleEndian(at: 4, as: UInt16.self) == 0x0102,
      header.littleEndian(at: 18, as: UInt16.self).flatMap({ MachineKind(elfMachine: $0) }) != nil,
      let offset = header.littleEndian(at: 40, as: UInt64.self),
      header.littleEndian(at: 58, as: UInt16.self) == UInt16(VmlinuxSection.byteCount),
      let shnum = header.littleEndian(at: 60, as: UInt16.self)
    else { throw .malformed("it is neither a vmlinux of x86_64 or arm64 nor BTF") }
    var count = Int(shnum)
    if count == 0 {
      // elf(5): too many for e_shnum, so section header 0 has their number in sh_size.
      let first = try read(file, at: offset, count: UInt64(VmlinuxSection.byteCount))
      count = Int(clamping: VmlinuxSection(first.bytes, at: 0)?.size ?? 0)
    }
    guard (1...mostSections).contains(count) else { throw .malformed("it has \(count) sections") }
    let table = try read(file, at: offset, count: UInt64(count * VmlinuxSection.byteCount))
    var sections: [VmlinuxSection] = []
    for index in 0..<count {
      if let section = VmlinuxSection(table.bytes, at: index * VmlinuxSection.byteCount) {
        sections.append(section)
      }
    }
    return sections
  }

  private static func readNames(
    _ file: borrowing FileDescriptor, header: RawSpan, sections: [VmlinuxSection]
  ) throws(KernelError) -> [String] {
    guard let index = header.littleEndian(at: 62, as: UInt16.self), Int(index) < sections.count,
      sections[Int(index)].size <= largestNotes
    else { throw .malformed("its sections have no names") }
    let section = sections[Int(index)]
    let text = try read(file, at: section.fileOffset, count: section.size)
    return sections.map { section in
      let end = min(section.nameOffset + 64, text.byteCount)
      return section.nameOffset < end ? text.bytes.text(in: section.nameOffset..<end) : ""
    }
  }

  /// Reads all of a part of the file.
  private static func read(
    _ file: borrowing FileDescriptor, at offset: UInt64, count: UInt64
  ) throws(KernelError) -> MappedBuffer {
    let (end, overflow) = offset.addingReportingOverflow(count)
    guard !overflow, end <= UInt64(Int64.max), count <= largestStringTable else {
      throw .malformed("a part of it lies outside of the file")
    }
    var buffer = try KernelError.wrapping { () throws(SystemError) in try MappedBuffer(byteCount: Int(count))
    }
    let got = try KernelError.wrapping { () throws(SystemError) in
      var bytes = buffer.mutableBytes
      return try file.read(into: &bytes, at: FileOffset(offset))
    }
    guard got == Int(count) else { throw .malformed("a part of it lies outside of the file") }
    return buffer
  }
}

extension RawSpan {
  /// Whether a name with its terminating NUL stands at a place.
  @inline(__always)
  func holds(_ name: [UInt8], at start: Int) -> Bool {
    guard start >= 0, start < byteCount - name.count else { return false }
    return unsafe withUnsafeBytes { bytes in
      for index in name.indices where unsafe bytes[start + index] != name[index] { return false }
      return unsafe bytes[start + name.count] == 0
    }
  }
}
