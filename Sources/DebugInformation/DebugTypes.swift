/// Takes some types out of a file's debug information (DWARF) and describes them as BPF Type Format (BTF).
///
/// A kernel's DWARF has each type some thousand times, in 2,500 units and 5 million entries. They are passed
/// once, from unit to unit, until all that is wanted was seen; types that were declared only where they were
/// seen take another pass. No more is kept than the types that come out, and those are few: a structure
/// brings what it consists of, and what its pointers lead to only where the caller says that they are followed.
public struct DebugTypes {
  /// What is looked for.
  public struct Wanted: Sendable {
    /// Names of structures, unions and enumerations.
    public var structures: Set<String> = []
    public var typedefs: Set<String> = []
    /// Enumerations are found by these.
    public var enumerators: Set<String> = []
    /// Members that are pointers, and lead to types that are wanted too.
    public var followed: Set<String> = []
    /// Names of global variables, by where they lie in the file.
    public var variables: [UInt64: String] = [:]

    public init() {}

    var isEmpty: Bool {
      structures.isEmpty && typedefs.isEmpty && enumerators.isEmpty && variables.isEmpty
    }
  }

  private var missing: Wanted
  private let followed: Set<String>
  private var writer = BTFWriter()
  /// Numbers of types by the place of their entry.
  private var numbers: [UInt64: UInt32] = [:]
  /// Numbers of structures by their names, for those that are only declared where they were seen.
  private var structures: [String: UInt32] = [:]
  /// Structures that have a number, and are described one after the other: they may lead to each other far.
  private var undescribed: [(entry: UInt64, number: UInt32)] = []

  /// Typedefs of typedefs, and pointers to pointers: no kernel comes near.
  private static let deepest = 64
  /// More than any request brings; damaged or hostile files could bring any number.
  private static let mostTypes = 1 << 18
  private static let mostElements = 1 << 16
  private static let mostPasses = 8

  private init(_ wanted: Wanted) {
    missing = wanted
    followed = wanted.followed
  }

  /// Looks types up. Those that the file lacks are absent in what comes back.
  ///
  /// - Returns: BTF; the variables are in it as BTF_KIND_VAR, under the names that were given.
  public static func read(
    _ wanted: Wanted, from path: String
  ) throws(DebugInformationError) -> [UInt8] {
    let file = try DebugFile(opening: path)
    // libdw passes over sections that libelf cannot undo, such as those of zstd before elfutils 0.189.
    guard try file.unit(at: 0) != nil else {
      throw .malformed("its debug information is empty, or compressed in a way that libelf does not know")
    }
    var types = DebugTypes(wanted)
    for _ in 0..<mostPasses where !types.missing.isEmpty {
      let before = types.missing.structures
      try types.pass(file)
      // What a pass added to the list may have gone by before it was wanted.
      if types.missing.structures.isSubset(of: before) { break }
    }
    return types.writer.bytes()
  }

  private mutating func pass(_ file: borrowing DebugFile) throws(DebugInformationError) {
    var offset: UInt64 = 0
    while !missing.isEmpty, let unit = try file.unit(at: offset) {
      try file.entry(at: unit.entry)?.forEachChild { entry throws(DebugInformationError) in
        try look(at: entry)
        while let (offset, number) = undescribed.popLast() {
          if let structure = file.entry(at: offset) { try define(number, structure: structure) }
        }
        return true
      }
      guard unit.next > offset else { return }
      offset = unit.next
    }
  }

  /// An entry of a unit's top level.
  private mutating func look(at entry: borrowing DebugEntry) throws(DebugInformationError) {
    switch entry.kind {
    case .structure, .union:
      guard !missing.structures.isEmpty, let name = entry.name, missing.structures.contains(name),
        !entry.isDeclaration
      else { return }
      missing.structures.remove(name)
      try define(try number(ofStructure: name), structure: entry)
    case .enumeration:
      guard !missing.enumerators.isEmpty || !missing.structures.isEmpty else { return }
      let values = Self.enumerators(of: entry)
      let found = values.filter { missing.enumerators.contains($0.name) }
      let name = entry.name ?? ""
      guard !found.isEmpty || missing.structures.contains(name) else { return }
      missing.structures.remove(name)
      for value in found { missing.enumerators.remove(value.name) }
      _ = try add(name, .enumeration(byteCount: Self.size(of: entry), values))
    case .typedef:
      guard !missing.typedefs.isEmpty, let name = entry.name, missing.typedefs.contains(name) else { return }
      missing.typedefs.remove(name)
      let type = try target(of: entry, follows: true, depth: 0)
      _ = try add(name, .typedef(type))
    case .variable:
      guard !missing.variables.isEmpty, let address = entry.address,
        let name = missing.variables[address]
      else { return }
      missing.variables[address] = nil
      let type = try target(of: entry, follows: true, depth: 0)
      _ = try add(name, .variable(type))
    default: return
    }
  }

  // MARK: - Types

  /// What a variable, member, pointer or array is of; 0 is void.
  private mutating func target(
    of entry: borrowing DebugEntry, follows: Bool, depth: Int
  ) throws(DebugInformationError) -> UInt32 {
    guard let type = entry.type else { return 0 }
    return try number(of: type, follows: follows, depth: depth + 1)
  }

  /// The number of a type, which is described if it was not yet.
  ///
  /// - Parameter follows: whether a structure behind a pointer is described as well.
  private mutating func number(
    of type: borrowing DebugEntry, follows: Bool, depth: Int
  ) throws(DebugInformationError) -> UInt32 {
    guard depth < Self.deepest else { throw .malformed("types lie inside of each other without end") }
    // What a structure's pointers lead to is said by its members.
    let isStructure = type.kind == .structure || type.kind == .union
    let key = type.offset << 1 | (follows || isStructure ? 1 : 0)
    if let known = numbers[key] { return known }
    let number: UInt32
    switch type.kind {
    case .qualifier, .typedef: number = try target(of: type, follows: follows, depth: depth)
    case .pointer:
      let target = try pointee(of: type, follows: follows, depth: depth)
      number = try add("", .pointer(target))
    case .array:
      let element = try target(of: type, follows: follows, depth: depth)
      number = try add("", .array(element: element, count: Self.length(of: type)))
    case .structure, .union:
      if type.isDeclaration {
        guard let name = type.name else { return 0 }
        if structures[name] == nil { missing.structures.insert(name) }
        number = try self.number(ofStructure: name)
      } else {
        number = try add(type.name ?? "", .forward)
        undescribed.append((type.offset, number))
      }
    case .base:
      number = try add(type.name ?? "", .integer(byteCount: Self.size(of: type)))
    case .enumeration:
      number = try add(
        type.name ?? "", .enumeration(byteCount: Self.size(of: type), Self.enumerators(of: type)))
    case .subroutine: number = try add("", .function)
    default: number = try add(type.name ?? "", .forward)
    }
    numbers[key] = number
    return number
  }

  /// What a pointer leads to: of a structure that is not followed, the name alone.
  private mutating func pointee(
    of pointer: borrowing DebugEntry, follows: Bool, depth: Int
  ) throws(DebugInformationError) -> UInt32 {
    if !follows, var target = pointer.type {
      for _ in 0..<Self.deepest where target.kind == .qualifier || target.kind == .typedef {
        guard let inner = target.type else { return 0 }
        target = inner
      }
      if target.kind == .structure || target.kind == .union {
        return try add(target.name ?? "", .forward)
      }
    }
    return try target(of: pointer, follows: follows, depth: depth)
  }

  private mutating func define(
    _ number: UInt32, structure: borrowing DebugEntry
  ) throws(DebugInformationError) {
    var members: [BTFWriter.Member] = []
    try structure.forEachChild { entry throws(DebugInformationError) in
      guard entry.kind == .member, let offset = entry.bitOffset.flatMap({ UInt32(exactly: $0) }) else {
        return true
      }
      guard members.count < Self.mostElements else { throw .malformed("a structure has too many members") }
      let name = entry.name ?? ""
      let type = try target(of: entry, follows: followed.contains(name), depth: 0)
      let width = entry.bitSize.flatMap { UInt32(exactly: $0) } ?? 0
      members.append(BTFWriter.Member(name: name, type: type, offset: offset, width: width))
      return true
    }
    writer.describe(
      number,
      .structure(byteCount: Self.size(of: structure), members, isUnion: structure.kind == .union))
  }

  /// The number of a structure that is known by its name alone.
  private mutating func number(ofStructure name: String) throws(DebugInformationError) -> UInt32 {
    if let known = structures[name] { return known }
    let number = try add(name, .forward)
    structures[name] = number
    return number
  }

  private mutating func add(
    _ name: String, _ content: BTFWriter.Content
  ) throws(DebugInformationError) -> UInt32 {
    guard writer.count < Self.mostTypes else { throw .malformed("it has too many types to describe") }
    return writer.add(name, content)
  }

  private static func size(of type: borrowing DebugEntry) -> UInt32 {
    type.byteSize.flatMap { UInt32(exactly: $0) } ?? 0
  }

  /// The product of an array's dimensions.
  private static func length(of array: borrowing DebugEntry) -> UInt32 {
    var length: UInt64 = 1
    array.forEachChild { entry in
      if entry.kind == .subrange {
        let (product, overflow) = length.multipliedReportingOverflow(by: entry.elementCount)
        length = overflow ? 0 : product
      }
      return true
    }
    return UInt32(exactly: length) ?? 0
  }

  private static func enumerators(of enumeration: borrowing DebugEntry) -> [(name: String, value: Int64)] {
    var values: [(name: String, value: Int64)] = []
    enumeration.forEachChild { entry in
      if entry.kind == .enumerator, let name = entry.name, let value = entry.constant {
        values.append((name, value))
      }
      return values.count < mostElements
    }
    return values
  }
}
