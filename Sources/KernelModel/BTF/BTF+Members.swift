internal import DumpMemory

extension BTF {
  /// A member of a structure, or of a structure inside of it.
  public struct Member: Hashable, Sendable {
    /// From the beginning of the outermost structure.
    public let bitOffset: Int
    /// Bits of a bit-field; nil for other members.
    public let bitCount: Int?
    /// Bytes of the member's type; nil for a flexible array member and for what has no size.
    public let size: Int?
    /// Elements, if it is an array.
    public let length: Int?

    /// Bytes from the beginning; nil for a bit-field that begins inside of a byte.
    public var offset: Int? { bitOffset % 8 == 0 ? bitOffset / 8 : nil }
  }

  /// Bytes of a structure, union, typedef, enumeration or integer; nil if the kernel has no such type.
  public func size(_ name: String) -> Int? {
    named(name).flatMap { size(of: $0) }
  }

  /// Bytes from the beginning of a structure to a member; nil if the kernel has none of that name, or if it
  /// is a bit-field inside of a byte.
  ///
  /// - Parameter path: `cpu_slab`, or through structures inside: `arch.backup_load_addr`. Members of unnamed
  ///   structures and unions are found as C finds them.
  public func offset(_ structure: String, _ path: String) -> Int? {
    member(structure, path: path)?.offset
  }

  /// A member by its path; see ``offset(_:path:)``.
  public func member(_ structure: String, path: String) -> Member? {
    guard var type = named(structure) else { return nil }
    var bitOffset = 0
    var found: (bits: Int, width: Int?, type: UInt32)?
    for part in path.split(separator: ".", omittingEmptySubsequences: false) {
      if let found {
        guard let inner = resolved(found.type) else { return nil }
        type = inner
      }
      var budget = Self.mostMembers
      guard let next = member(Array(part.utf8), of: type, depth: 0, budget: &budget) else { return nil }
      bitOffset += next.bits
      found = next
    }
    guard let found else { return nil }
    let target = resolved(found.type)
    var length: Int?
    if let target, target.kind == BTFKind.array { length = array(target)?.count }
    return Member(
      bitOffset: bitOffset, bitCount: found.width, size: target.flatMap { size(of: $0) }, length: length)
  }

  /// The value of an enumerator such as `PG_slab`, in whatever enumeration it is.
  public func value(ofEnumerator name: String) -> Int64? {
    let wanted = Array(name.utf8)
    var value: Int64?
    _ = first { type in
      value = enumerator(wanted, of: type)
      return value != nil
    }
    return value
  }

  /// Types of variables, by their names.
  ///
  /// pahole describes per-CPU variables, and all global ones since 1.28 if it is told to (`global_var`). A name
  /// that variables of several types have is left out.
  ///
  /// - Parameter first: variables among the first so many types are another's.
  func variables(named names: Set<String>, beyond first: Int = 0) -> [String: UInt32] {
    var types: [String: UInt32] = [:]
    var ambiguous: Set<String> = []
    if names.isEmpty { return types }
    var number = 0
    _ = self.first { type in
      number += 1
      guard number > first, type.kind == BTFKind.variable else { return false }
      let name = string(type.nameOffset)
      guard names.contains(name) else { return false }
      if let other = types.updateValue(type.sizeOrType, forKey: name), other != type.sizeOrType {
        ambiguous.insert(name)
      }
      return false
    }
    for name in ambiguous { types[name] = nil }
    return types
  }

  private func enumerator(_ name: [UInt8], of type: BTFType) -> Int64? {
    guard type.isEnumeration else { return nil }
    let isWide = type.kind == BTFKind.enumeration64
    for index in 0..<type.count {
      let at = type.body + index * (isWide ? 12 : 8)
      guard let nameOffset = bytes.littleEndian(at: at, as: UInt32.self),
        let low = bytes.littleEndian(at: at + 4, as: UInt32.self)
      else { return nil }
      guard string(nameOffset, is: name) else { continue }
      // Before 6.0 no flag told signed values from others: a large unsigned one comes out negative.
      if !isWide { return Int64(Int32(bitPattern: low)) }
      guard let high = bytes.littleEndian(at: at + 8, as: UInt32.self) else { return nil }
      return Int64(bitPattern: UInt64(high) << 32 | UInt64(low))
    }
    return nil
  }

  // MARK: - Resolving

  /// The type of a name: what can have members first, for names of structures and of typedefs are apart.
  func named(_ name: String) -> BTFType? {
    let wanted = Array(name.utf8)
    guard !wanted.isEmpty else { return nil }
    let structure = first(named: wanted) { $0.kind == BTFKind.structure || $0.kind == BTFKind.union }
    guard let found = structure ?? first(named: wanted, where: { _ in true }) else { return nil }
    return BTFKind.isTransparent(found.kind) ? resolved(found.sizeOrType) : found
  }

  /// What a type is behind its typedefs and qualifiers.
  private func resolved(_ number: UInt32) -> BTFType? {
    var number = number
    for _ in 0..<Self.deepest {
      guard let type = type(number) else { return nil }
      guard BTFKind.isTransparent(type.kind) else { return type }
      number = type.sizeOrType
    }
    return nil
  }

  func array(_ type: BTFType) -> (element: UInt32, count: Int)? {
    guard let element = bytes.littleEndian(at: type.body, as: UInt32.self),
      let count = bytes.littleEndian(at: type.body + 8, as: UInt32.self)
    else { return nil }
    return (element, Int(count))
  }

  /// Bytes of a type. No type of a kernel comes near the limit: whoever counts with a size need not look again.
  private func size(of type: BTFType) -> Int? {
    anySize(of: type).flatMap { $0 <= Self.largestSize ? $0 : nil }
  }

  static let largestSize = 1 << 32

  private func anySize(of type: BTFType) -> Int? {
    var type = type
    var elements = 1
    for _ in 0..<Self.deepest {
      switch type.kind {
      case BTFKind.array:
        guard let (element, count) = array(type), let inner = resolved(element) else { return nil }
        let (product, overflow) = elements.multipliedReportingOverflow(by: count)
        guard !overflow, product > 0 else { return nil }
        elements = product
        type = inner
        continue
      case BTFKind.pointer:
        return multiplied(elements, right: 8)
      case BTFKind.structure, BTFKind.union, BTFKind.integer, BTFKind.enumeration, BTFKind.enumeration64,
        BTFKind.float:
        return multiplied(elements, right: Int(type.sizeOrType))
      default:
        return nil
      }
    }
    return nil
  }

  private func multiplied(_ left: Int, right: Int) -> Int? {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? nil : product
  }

  /// Members that are looked at for one name: damaged structures may lie inside of each other many times.
  static let mostMembers = 100_000

  /// A member by its name, looked for in unnamed members too.
  func member(
    _ name: [UInt8], of type: BTFType, depth: Int, budget: inout Int
  ) -> (bits: Int, width: Int?, type: UInt32)? {
    guard type.kind == BTFKind.structure || type.kind == BTFKind.union, depth < Self.deepest, !name.isEmpty
    else { return nil }
    for index in 0..<type.count {
      let at = type.body + index * 12
      budget -= 1
      guard budget > 0, let nameOffset = bytes.littleEndian(at: at, as: UInt32.self),
        let number = bytes.littleEndian(at: at + 4, as: UInt32.self),
        let place = bytes.littleEndian(at: at + 8, as: UInt32.self)
      else { return nil }
      let bits = Int(type.flag ? place & 0xff_ffff : place)
      if nameOffset == 0 {
        if let inner = resolved(number),
          let found = member(name, of: inner, depth: depth + 1, budget: &budget)
        {
          return (bits + found.bits, found.width, found.type)
        }
      } else if string(nameOffset, is: name) {
        let width = type.flag ? Int(place >> 24) : 0
        return (bits, width == 0 ? nil : width, number)
      }
    }
    return nil
  }
}
