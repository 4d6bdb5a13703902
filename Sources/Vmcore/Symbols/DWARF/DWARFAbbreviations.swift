/// The shapes of a compilation unit's entries: one table of `.debug_abbrev` (DWARF 5, 7.5.3).
struct DWARFAbbreviations {
  struct Attribute {
    let name: UInt64
    let form: UInt64
    /// The value itself, of DW_FORM_implicit_const.
    let constant: UInt64
  }

  struct Shape {
    let tag: UInt64
    let hasChildren: Bool
    let attributes: Range<Int>
  }

  private(set) var attributes: [Attribute] = []
  private var shapes: [Shape?] = []

  /// Compilers number shapes from 1 on.
  private static let mostShapes: UInt64 = 1 << 16

  /// Reads a table; nil if it is damaged.
  init?(_ bytes: RawSpan, at offset: Int) {
    var cursor = DWARFCursor(bytes, at: offset)
    while true {
      let code = cursor.uleb()
      if cursor.failed || code >= Self.mostShapes { return nil }
      if code == 0 { return }
      let tag = cursor.uleb()
      let hasChildren = cursor.number(UInt8.self) != 0
      let first = attributes.count
      while true {
        let name = cursor.uleb()
        let form = cursor.uleb()
        let constant = form == DWARF.Form.implicitConst ? cursor.uleb() : 0
        if cursor.failed { return nil }
        if name == 0 && form == 0 { break }
        attributes.append(Attribute(name: name, form: form, constant: constant))
      }
      while shapes.count <= Int(code) { shapes.append(nil) }
      shapes[Int(code)] = Shape(tag: tag, hasChildren: hasChildren, attributes: first..<attributes.count)
    }
  }

  @inline(__always)
  func shape(_ code: UInt64) -> Shape? {
    code < UInt64(shapes.count) ? shapes[Int(code)] : nil
  }
}
