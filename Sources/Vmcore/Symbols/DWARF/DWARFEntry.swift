/// The attributes of an entry of `.debug_info` that are looked at.
struct DWARFEntry {
  var sibling: UInt64?
  var name: DWARF.Value?
  var type: UInt64?
  var specification: UInt64?
  var byteSize: UInt64?
  var encoding: UInt64?
  var count: UInt64?
  var upperBound: UInt64?
  /// Where a variable lies, if its location is an address.
  var address: UInt64?

  /// An entry and what stands around its attributes.
  struct Found {
    let entry: DWARFEntry
    let tag: UInt64
    /// Where the entry's children begin.
    let children: Int
  }

  /// Reads the attributes; nil if they are damaged or of a form that is not known.
  init?(
    _ shape: DWARFAbbreviations.Shape, _ shapes: DWARFAbbreviations, _ cursor: inout DWARFCursor,
    version: UInt16
  ) {
    for index in shape.attributes {
      let attribute = shapes.attributes[index]
      guard let value = DWARF.value(attribute, &cursor, version: version) else { return nil }
      switch attribute.name {
      case DWARF.Attribute.sibling: sibling = value.number
      case DWARF.Attribute.name: name = value
      case DWARF.Attribute.type: type = value.number
      case DWARF.Attribute.specification: specification = value.number
      case DWARF.Attribute.byteSize: byteSize = value.number
      case DWARF.Attribute.encoding: encoding = value.number
      case DWARF.Attribute.count: count = value.number
      case DWARF.Attribute.upperBound: upperBound = value.number
      case DWARF.Attribute.location: address = Self.address(cursor.bytes, value.block)
      default: break
      }
    }
  }

  /// The address that an expression is: DW_OP_addr and its operand.
  private static func address(_ bytes: RawSpan, _ expression: Range<Int>) -> UInt64? {
    guard expression.count == 9,
      bytes.littleEndian(at: expression.lowerBound, as: UInt8.self) == DWARF.address
    else { return nil }
    return bytes.littleEndian(at: expression.lowerBound + 1, as: UInt64.self)
  }

  /// An entry at a place in the unit.
  static func read(
    _ unit: RawSpan, at place: UInt64, _ shapes: DWARFAbbreviations, version: UInt16
  ) -> Found? {
    guard place < UInt64(unit.byteCount) else { return nil }
    var cursor = DWARFCursor(unit, at: Int(place))
    guard let shape = shapes.shape(cursor.uleb()),
      let entry = DWARFEntry(shape, shapes, &cursor, version: version)
    else { return nil }
    return Found(entry: entry, tag: shape.tag, children: cursor.at)
  }
}
