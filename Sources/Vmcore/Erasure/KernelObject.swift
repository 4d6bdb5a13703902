/// A thing in the crashed kernel's memory: where it lies and what it is.
struct KernelObject {
  enum Base {
    /// A structure or union.
    case structure(BTFType)
    case integer(byteCount: Int, isCharacter: Bool)
    case void
    /// A function, or what is declared and described nowhere.
    case other
  }

  var address: UInt64
  /// The outermost first.
  var layers: [DeclaredType.Layer]
  var base: Base

  var isPointer: Bool { layers.first == .pointer }

  /// The elements of an array; nil for what is none.
  var arrayLength: Int? {
    if case .array(let count)? = layers.first { count } else { nil }
  }

  /// The same with the outermost layer taken off, at another place.
  func inner(at address: UInt64) -> KernelObject {
    KernelObject(address: address, layers: Array(layers.dropFirst()), base: base)
  }
}

extension BTF {
  /// The layers and base of a type.
  ///
  /// - Returns: nil if the type is damaged.
  func object(ofType number: UInt32, at address: UInt64) -> KernelObject? {
    var object = KernelObject(address: address, layers: [], base: .void)
    var next = number
    for _ in 0..<Self.deepest {
      if next == 0 { return object }
      guard let type = type(next) else { return nil }
      switch type.kind {
      case BTFKind.pointer:
        object.layers.append(.pointer)
        next = type.sizeOrType
      case BTFKind.array:
        guard let (element, count) = array(type) else { return nil }
        object.layers.append(.array(count))
        next = element
      case BTFKind.structure, BTFKind.union:
        object.base = .structure(type)
        return object
      case BTFKind.integer, BTFKind.enumeration, BTFKind.enumeration64:
        object.base = .integer(
          byteCount: Int(type.sizeOrType), isCharacter: string(type.nameOffset, is: Array("char".utf8)))
        return object
      default:
        guard BTFKind.isTransparent(type.kind) else {
          object.base = .other
          return object
        }
        next = type.sizeOrType
      }
    }
    return nil
  }

  /// A variable of a declared type.
  ///
  /// - Returns: nil if its structure is not described.
  func object(_ type: DeclaredType, at address: UInt64) -> KernelObject? {
    let base: KernelObject.Base
    switch type.base {
    case .named(let name):
      guard let found = named(name), found.kind == BTFKind.structure || found.kind == BTFKind.union else {
        return nil
      }
      base = .structure(found)
    case .integer(let byteCount, let isCharacter):
      base = .integer(byteCount: byteCount, isCharacter: isCharacter)
    case .void: base = .void
    case .other: base = .other
    }
    return KernelObject(address: address, layers: type.layers, base: base)
  }

  /// A member of a structure.
  ///
  /// - Returns: nil if there is none of the name, or if it is a bit-field.
  func object(_ name: String, of structure: BTFType, at address: UInt64) -> KernelObject? {
    var budget = Self.mostMembers
    guard let found = member(Array(name.utf8), of: structure, depth: 0, &budget), found.width == nil,
      found.bits % 8 == 0
    else { return nil }
    return object(ofType: found.type, at: address &+ UInt64(found.bits / 8))
  }

  /// Bytes of a thing; nil where that is not known.
  func byteCount(of object: KernelObject) -> UInt64? {
    var elements = 1
    for layer in object.layers {
      switch layer {
      case .pointer: return UInt64(elements) * 8
      case .array(let count):
        let (product, overflow) = elements.multipliedReportingOverflow(by: count)
        guard !overflow, product > 0, product < 1 << 32 else { return nil }
        elements = product
      }
    }
    switch object.base {
    case .structure(let type): return type.sizeOrType > 0 ? UInt64(elements) * UInt64(type.sizeOrType) : nil
    case .integer(let byteCount, _): return byteCount > 0 ? UInt64(elements * byteCount) : nil
    case .void, .other: return nil
    }
  }
}
