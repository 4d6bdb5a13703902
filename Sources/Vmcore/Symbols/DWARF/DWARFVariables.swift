internal import Platform

/// Finds the types of global variables in a vmlinux's DWARF, by where the variables lie.
///
/// BTF has the types of few variables only. Of DWARF no more is read than what leads to them: a compilation
/// unit at a time, entries below its top level are passed over. DWARF 4 and 5 of 32 bits, as gcc and clang
/// write it; compressed sections are not read.
struct DWARFVariables: ~Copyable {
  private let abbreviations: PageBuffer
  private let wanted: Set<UInt64>
  private(set) var found: [UInt64: DeclaredType] = [:]

  /// One compilation unit of the largest kernels has some MB.
  private static let mostUnitBytes: UInt64 = 64 << 20
  private static let mostLayers = 32
  private static let headerSize: UInt64 = 24

  init(_ addresses: [UInt64], _ abbreviations: consuming PageBuffer) {
    wanted = Set(addresses)
    self.abbreviations = abbreviations
  }

  private var isComplete: Bool { found.count == wanted.count }

  /// Goes through `.debug_info`.
  mutating func search(
    _ file: borrowing VmlinuxFile, info: VmlinuxSection, strings: VmlinuxSection
  ) throws(SymbolError) {
    var offset: UInt64 = 0
    while !isComplete, offset + Self.headerSize <= info.size {
      let header = try file.read(info, at: offset, count: Self.headerSize)
      guard let length = header.bytes.littleEndian(at: 0, as: UInt32.self), length < 0xffff_fff0,
        UInt64(length) + 4 <= info.size - offset, UInt64(length) < Self.mostUnitBytes
      else { throw .malformed("its .debug_info is damaged at 0x\(String(offset, radix: 16))") }
      let unit = try file.read(info, at: offset, count: UInt64(length) + 4)
      try look(unit.bytes, file, strings)
      offset += UInt64(length) + 4
    }
  }

  private mutating func look(
    _ unit: RawSpan, _ file: borrowing VmlinuxFile, _ strings: VmlinuxSection
  ) throws(SymbolError) {
    var cursor = DWARFCursor(unit, at: 4)
    let version = cursor.number(UInt16.self)
    let table: UInt32
    switch version {
    case 5:
      // DW_UT_compile; type units and skeletons have no variables.
      guard cursor.number(UInt8.self) == 1 else { return }
      _ = cursor.number(UInt8.self)
      table = cursor.number(UInt32.self)
    case 2...4:
      table = cursor.number(UInt32.self)
      _ = cursor.number(UInt8.self)
    default: return
    }
    guard let shapes = DWARFAbbreviations(abbreviations.bytes, at: Int(table)) else {
      throw .malformed("its .debug_abbrev is damaged at 0x\(String(table, radix: 16))")
    }
    // The unit's own entry, then its children.
    var depth = 0
    while cursor.at < unit.byteCount {
      let code = cursor.uleb()
      if cursor.failed { return }
      if code == 0 {
        depth -= 1
        if depth <= 0 { return }
        continue
      }
      guard let shape = shapes.shape(code),
        let entry = DWARFEntry(shape, shapes, &cursor, version: version)
      else { return }
      if depth == 1, shape.tag == DWARF.Tag.variable, let address = entry.address,
        wanted.contains(address), found[address] == nil,
        let type = Self.type(of: entry, unit, shapes, version: version)
      {
        found[address] = try type.named(file, strings, unit)
        if isComplete { return }
      }
      guard shape.hasChildren else { continue }
      if depth > 0, let sibling = entry.sibling, Int(sibling) > cursor.at {
        cursor.at = Int(sibling)
      } else {
        depth += 1
      }
    }
  }

  // MARK: - Types

  /// A type whose name has not been read yet.
  private struct Unnamed {
    var layers: [DeclaredType.Layer] = []
    var base = DeclaredType.Base.void
    var name: DWARF.Value?

    func named(
      _ file: borrowing VmlinuxFile, _ strings: VmlinuxSection, _ unit: RawSpan
    ) throws(SymbolError) -> DeclaredType {
      var type = DeclaredType(layers: layers, base: base)
      guard case .named = base, let name else { return type }
      switch name.strings {
      case .inline: type.base = .named(unit.text(in: name.block))
      case .debugStr:
        guard name.number < strings.size else { throw .malformed("a name lies outside of .debug_str") }
        let text = try file.read(strings, at: name.number, count: min(strings.size - name.number, 256))
        type.base = .named(text.bytes.text(in: 0..<text.byteCount))
      case .lineStr, .none: type.base = .other
      }
      return type
    }
  }

  private static func type(
    of variable: DWARFEntry, _ unit: RawSpan, _ shapes: DWARFAbbreviations, version: UInt16
  ) -> Unnamed? {
    var variable = variable
    if variable.type == nil, let declaration = variable.specification {
      guard let found = DWARFEntry.read(unit, at: declaration, shapes, version: version) else { return nil }
      variable = found.entry
    }
    var type = Unnamed()
    var next = variable.type
    for _ in 0..<mostLayers {
      guard let place = next else {
        // No type at all is void.
        return type
      }
      guard let found = DWARFEntry.read(unit, at: place, shapes, version: version) else { return nil }
      let entry = found.entry
      switch found.tag {
      case DWARF.Tag.const, DWARF.Tag.volatile, DWARF.Tag.restrict, DWARF.Tag.atomic: break
      case DWARF.Tag.typedef: type.name = entry.name
      case DWARF.Tag.pointer:
        type.layers.append(.pointer)
        type.name = nil
      case DWARF.Tag.array:
        type.layers.append(.array(elements(found.children, unit, shapes, version: version)))
        type.name = nil
      case DWARF.Tag.structure, DWARF.Tag.union:
        type.name = entry.name ?? type.name
        type.base = type.name == nil ? .other : .named("")
        return type
      case DWARF.Tag.base, DWARF.Tag.enumeration:
        type.base = .integer(
          byteCount: Int(clamping: entry.byteSize ?? 0),
          isCharacter: DWARF.characterEncodings.contains(entry.encoding ?? 0))
        return type
      default:
        type.base = .other
        return type
      }
      next = entry.type
    }
    return nil
  }

  /// The product of an array's dimensions.
  private static func elements(
    _ start: Int, _ unit: RawSpan, _ shapes: DWARFAbbreviations, version: UInt16
  ) -> Int {
    var cursor = DWARFCursor(unit, at: start)
    var count = 1
    for _ in 0..<mostLayers {
      let code = cursor.uleb()
      guard code != 0, let shape = shapes.shape(code),
        let entry = DWARFEntry(shape, shapes, &cursor, version: version)
      else { break }
      guard shape.tag == DWARF.Tag.subrange else { continue }
      let length = entry.count ?? entry.upperBound.map { $0 &+ 1 } ?? 0
      let (product, overflow) = count.multipliedReportingOverflow(by: Int(clamping: length))
      count = overflow ? 0 : product
    }
    return count
  }
}

extension VmlinuxFile {
  /// Types of the variables at some addresses, before KASLR.
  ///
  /// - Throws: ``SymbolError/absent(_:)`` without DWARF, or where its sections are compressed.
  public func variableTypes(at addresses: [UInt64]) throws(SymbolError) -> [UInt64: DeclaredType] {
    guard let info = section(".debug_info"), let table = section(".debug_abbrev"),
      let strings = section(".debug_str")
    else { throw .absent("it has no debug information (DWARF)") }
    if info.isCompressed || table.isCompressed || strings.isCompressed {
      throw .absent("its debug information is compressed, which is not read")
    }
    var variables = DWARFVariables(addresses, try read(table, at: 0, count: table.size))
    try variables.search(self, info: info, strings: strings)
    return variables.found
  }
}
