/// A vmlinux with what symbols, types and identity are read from.
public struct VmlinuxBuilder {
  public struct Symbol: Sendable {
    public var name: String
    public var value: UInt64
    /// st_shndx; 0 is not defined here.
    public var section: UInt16
    /// st_info's lower half: 0 none, 1 object, 2 function, 3 section, 4 file.
    public var type: UInt8

    public init(name: String, value: UInt64, section: UInt16 = 1, type: UInt8 = 0) {
      self.name = name
      self.value = value
      self.section = section
      self.type = type
    }
  }

  public var symbols: [Symbol]? = []
  public var btf: [UInt8]?
  /// sh_type of `.BTF`: SHT_PROGBITS.
  public var btfType: UInt32 = 1
  /// Hexadecimal digits, two a byte.
  public var buildID: [UInt8]?
  /// Where `linux_banner` lies and what it says.
  public var banner: (address: UInt64, text: String)?
  /// e_shnum is 0, and section header 0 has the number.
  public var usesExtendedNumbering = false

  private struct Section {
    var name: String
    var type: UInt32
    var address: UInt64 = 0
    var bytes: [UInt8]
    var link: UInt32 = 0
  }

  public init(
    symbols: [Symbol]? = [], btf: [UInt8]? = nil, btfType: UInt32 = 1, buildID: [UInt8]? = nil,
    banner: (address: UInt64, text: String)? = nil, usesExtendedNumbering: Bool = false
  ) {
    self.symbols = symbols
    self.btf = btf
    self.btfType = btfType
    self.buildID = buildID
    self.banner = banner
    self.usesExtendedNumbering = usesExtendedNumbering
  }

  public func build() -> [UInt8] {
    var sections = [Section(name: "", type: 0, bytes: [])]
    if let banner {
      let text = Array(banner.text.utf8) + [0]
      sections.append(
        Section(
          name: ".rodata", type: 1, address: banner.address - 32,
          bytes: [UInt8](repeating: 7, count: 32) + text))
    }
    if let btf { sections.append(Section(name: ".BTF", type: btfType, bytes: btf)) }
    if let buildID {
      let notes =
        ELFNote(type: 6, name: "Xen", descriptor: [1, 2, 3, 4]).bytes
        + ELFNote(type: 3, name: "GNU", descriptor: buildID).bytes
      sections.append(Section(name: ".notes", type: 7, bytes: notes))
    }
    if let symbols {
      var strings: [UInt8] = [0]
      var table = [UInt8](repeating: 0, count: 24)
      for symbol in symbols {
        table.appendLittleEndian(UInt32(strings.count))
        table += [0x10 | symbol.type, 0]
        table.appendLittleEndian(symbol.section)
        table.appendLittleEndian(symbol.value)
        table.appendLittleEndian(UInt64(0))
        strings += Array(symbol.name.utf8) + [0]
      }
      sections.append(Section(name: ".symtab", type: 2, bytes: table, link: UInt32(sections.count + 1)))
      sections.append(Section(name: ".strtab", type: 3, bytes: strings))
    }
    sections.append(Section(name: ".shstrtab", type: 3, bytes: []))
    var names: [UInt8] = []
    let nameOffsets = sections.map { section in
      defer { names += Array(section.name.utf8) + [0] }
      return UInt32(names.count)
    }
    sections[sections.count - 1].bytes = names
    return write(sections, nameOffsets)
  }

  private func write(_ sections: [Section], _ nameOffsets: [UInt32]) -> [UInt8] {
    var body: [UInt8] = []
    let offsets = sections.map { section in
      defer { body += section.bytes }
      return UInt64(64 + body.count)
    }
    var out: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    out.appendLittleEndian(UInt16(2))
    out.appendLittleEndian(UInt16(62))
    out.appendLittleEndian(UInt32(1))
    out.appendLittleEndian(UInt64(0))
    out.appendLittleEndian(UInt64(0))
    out.appendLittleEndian(UInt64(64 + body.count))
    out.appendLittleEndian(UInt32(0))
    for half in [64, 0, 0, 64, usesExtendedNumbering ? 0 : sections.count, sections.count - 1] {
      out.appendLittleEndian(UInt16(half))
    }
    out += body
    for (index, section) in sections.enumerated() {
      out.appendLittleEndian(nameOffsets[index])
      out.appendLittleEndian(section.type)
      out.appendLittleEndian(UInt64(0))
      out.appendLittleEndian(section.address)
      out.appendLittleEndian(offsets[index])
      out.appendLittleEndian(
        UInt64(index == 0 && usesExtendedNumbering ? sections.count : section.bytes.count))
      out.appendLittleEndian(section.link)
      out.appendLittleEndian(UInt32(0))
      out.appendLittleEndian(UInt64(1))
      out.appendLittleEndian(UInt64(0))
    }
    return out
  }
}
