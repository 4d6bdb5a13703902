/// Kinds of BTF types: include/uapi/linux/btf.h.
enum BTFKind {
  static let integer: UInt8 = 1
  static let pointer: UInt8 = 2
  static let array: UInt8 = 3
  static let structure: UInt8 = 4
  static let union: UInt8 = 5
  static let enumeration: UInt8 = 6
  static let forward: UInt8 = 7
  static let typedef: UInt8 = 8
  static let volatile: UInt8 = 9
  static let const: UInt8 = 10
  static let restrict: UInt8 = 11
  static let function: UInt8 = 12
  static let functionPrototype: UInt8 = 13
  static let variable: UInt8 = 14
  static let dataSection: UInt8 = 15
  static let float: UInt8 = 16
  static let declarationTag: UInt8 = 17
  static let typeTag: UInt8 = 18
  /// Linux 6.0.
  static let enumeration64: UInt8 = 19

  /// Bytes that follow a type's 12, and those of each of its elements.
  static func layout(_ kind: UInt8) -> (fixed: Int, element: Int)? {
    switch kind {
    case integer, variable, declarationTag: (4, 0)
    case array: (12, 0)
    case structure, union, dataSection, enumeration64: (0, 12)
    case enumeration, functionPrototype: (0, 8)
    case pointer, forward, typedef, volatile, const, restrict, function, float, typeTag: (0, 0)
    default: nil
    }
  }

  /// Whether types of the kind are looked up by their names.
  static func isLookedUp(_ kind: UInt8) -> Bool {
    switch kind {
    case structure, union, typedef, enumeration, enumeration64, integer: true
    default: false
    }
  }

  /// Whether a type is another one by a different name or with a qualifier.
  static func isTransparent(_ kind: UInt8) -> Bool {
    switch kind {
    case typedef, volatile, const, restrict, typeTag: true
    default: false
    }
  }
}
