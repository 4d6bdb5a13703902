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
    if number == 0 { return KernelObject(address: address, layers: [], base: .void) }
    return type(number).flatMap { object(of: $0, at: address) }
  }

  private func object(of type: BTFType, at address: UInt64) -> KernelObject? {
    var object = KernelObject(address: address, layers: [], base: .void)
    var type = type
    for _ in 0..<Self.deepest {
      let next: UInt32
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
      if next == 0 { return object }
      guard let inner = self.type(next) else { return nil }
      type = inner
    }
    return nil
  }

  /// A variable of a declared type.
  ///
  /// - Returns: nil if the kernel has no type of the name.
  func object(_ declared: DeclaredType, at address: UInt64) -> KernelObject? {
    let base: BTFType?
    switch declared.base {
    case .structure(let name): base = first(named: Array(name.utf8)) { $0.kind == BTFKind.structure }
    case .union(let name): base = first(named: Array(name.utf8)) { $0.kind == BTFKind.union }
    case .enumeration(let name):
      base = first(named: Array(name.utf8)) {
        $0.kind == BTFKind.enumeration || $0.kind == BTFKind.enumeration64
      }
    case .typedef(let name):
      base = first(named: Array(name.utf8)) { $0.kind == BTFKind.typedef || $0.kind == BTFKind.integer }
    case .integer(let byteCount, let isCharacter):
      return KernelObject(
        address: address, layers: declared.layers,
        base: .integer(byteCount: byteCount, isCharacter: isCharacter))
    case .void: return KernelObject(address: address, layers: declared.layers, base: .void)
    }
    guard let base, var object = object(of: base, at: address) else { return nil }
    object.layers = declared.layers + object.layers
    return object
  }

  /// A member of a structure.
  ///
  /// - Returns: nil if there is none of the name, or if it is a bit-field.
  func object(_ name: String, of structure: BTFType, at address: UInt64) -> KernelObject? {
    var budget = Self.mostMembers
    guard let found = member(Array(name.utf8), of: structure, depth: 0, budget: &budget), found.width == nil,
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
    // Both factors have 32 bits.
    case .structure(let type): return type.sizeOrType > 0 ? UInt64(elements) * UInt64(type.sizeOrType) : nil
    case .integer(let byteCount, _): return byteCount > 0 ? UInt64(elements) * UInt64(byteCount) : nil
    case .void, .other: return nil
    }
  }
}
