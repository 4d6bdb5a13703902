/// Numbers of DWARF 4 and 5 (section 7) that variables and their types are read by.
enum DWARF {
  enum Tag {
    static let array: UInt64 = 0x01
    static let enumeration: UInt64 = 0x04
    static let pointer: UInt64 = 0x0f
    static let structure: UInt64 = 0x13
    static let typedef: UInt64 = 0x16
    static let union: UInt64 = 0x17
    static let subrange: UInt64 = 0x21
    static let base: UInt64 = 0x24
    static let const: UInt64 = 0x26
    static let variable: UInt64 = 0x34
    static let volatile: UInt64 = 0x35
    static let restrict: UInt64 = 0x37
    static let atomic: UInt64 = 0x47
    static let subroutine: UInt64 = 0x15
  }

  enum Attribute {
    static let sibling: UInt64 = 0x01
    static let location: UInt64 = 0x02
    static let name: UInt64 = 0x03
    static let byteSize: UInt64 = 0x0b
    static let upperBound: UInt64 = 0x2f
    static let count: UInt64 = 0x37
    static let encoding: UInt64 = 0x3e
    static let specification: UInt64 = 0x47
    static let type: UInt64 = 0x49
  }

  enum Form {
    static let implicitConst: UInt64 = 0x21
  }

  /// DW_OP_addr
  static let address: UInt8 = 0x03
  /// DW_ATE_signed_char and DW_ATE_unsigned_char
  static let characterEncodings: ClosedRange<UInt64> = 6...8

  /// The value of an attribute, as far as it is one number or a place.
  struct Value {
    /// A number, a reference from the unit's beginning, or where a string lies.
    var number: UInt64 = 0
    /// Bytes of an expression or string in the unit.
    var block: Range<Int> = 0..<0
    /// Whether ``number`` is an offset into `.debug_str`, `.debug_line_str`, or neither.
    var strings = Strings.none

    enum Strings { case none, debugStr, lineStr, inline }
  }

  /// Reads the value of a form; nil for forms that are not known: nothing behind them can be found.
  static func value(
    _ attribute: DWARFAbbreviations.Attribute, _ cursor: inout DWARFCursor, version: UInt16
  ) -> Value? {
    var value = Value()
    var blockSize: UInt64?
    switch attribute.form {
    case 0x01: value.number = cursor.number(UInt64.self)  // addr
    case 0x03: blockSize = UInt64(cursor.number(UInt16.self))  // block2
    case 0x04: blockSize = UInt64(cursor.number(UInt32.self))  // block4
    // data2, ref2, strx2, addrx2
    case 0x05, 0x12, 0x26, 0x2a: value.number = UInt64(cursor.number(UInt16.self))
    case 0x06, 0x13, 0x17, 0x28, 0x2c:  // data4, ref4, sec_offset, strx4, addrx4
      value.number = UInt64(cursor.number(UInt32.self))
    // data8, ref8, ref_sig8, ref_sup8
    case 0x07, 0x14, 0x20, 0x24: value.number = cursor.number(UInt64.self)
    case 0x08:  // string
      let start = cursor.at
      cursor.skipString()
      value.block = start..<cursor.at
      value.strings = .inline
    case 0x09, 0x18: blockSize = cursor.uleb()  // block, exprloc
    case 0x0a: blockSize = UInt64(cursor.number(UInt8.self))  // block1
    case 0x0b, 0x0c, 0x11, 0x25, 0x29:  // data1, flag, ref1, strx1, addrx1
      value.number = UInt64(cursor.number(UInt8.self))
    // sdata, udata, ref_udata, strx, addrx, loclistx, rnglistx
    case 0x0d, 0x0f, 0x15, 0x1a, 0x1b, 0x22, 0x23:
      value.number = cursor.uleb()
    case 0x0e:  // strp
      value.number = UInt64(cursor.number(UInt32.self))
      value.strings = .debugStr
    // ref_addr, ref_sup4, strp_sup: places outside of the unit, which are not followed
    case 0x10, 0x1c, 0x1d:
      _ = cursor.number(UInt32.self)
      value.number = .max
    case 0x19: value.number = 1  // flag_present
    case 0x1e: blockSize = 16  // data16
    case 0x1f:  // line_strp
      value.number = UInt64(cursor.number(UInt32.self))
      value.strings = .lineStr
    case 0x21: value.number = attribute.constant
    case 0x27, 0x2b: blockSize = 3  // strx3, addrx3
    default: return nil
    }
    if let blockSize {
      let start = cursor.at
      cursor.skip(blockSize)
      value.block = start..<cursor.at
    }
    return cursor.failed ? nil : value
  }
}
