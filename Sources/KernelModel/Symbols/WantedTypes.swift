/// Types that are asked for, where a source has so many that only some can be taken: DWARF.
public struct WantedTypes: Sendable {
  /// Names of structures, unions and enumerations.
  public var structures: Set<String> = []
  public var typedefs: Set<String> = []
  /// Values of enumerations, whichever they are in.
  public var enumerators: Set<String> = []
  /// Members whose pointers are followed to types that are wanted too.
  public var followed: Set<String> = []
  /// Variables whose types are wanted, and where they lie.
  public var variables: [String: UInt64] = [:]

  public init(structures: [String] = []) {
    self.structures = Set(structures)
  }

  /// Whether all of it is among this.
  func contain(_ other: WantedTypes) -> Bool {
    structures.isSuperset(of: other.structures) && typedefs.isSuperset(of: other.typedefs)
      && enumerators.isSuperset(of: other.enumerators) && followed.isSuperset(of: other.followed)
      && other.variables.allSatisfy { variables[$0.key] == $0.value }
  }

  /// Asks for what another does besides.
  public mutating func formUnion(_ other: WantedTypes) {
    structures.formUnion(other.structures)
    typedefs.formUnion(other.typedefs)
    enumerators.formUnion(other.enumerators)
    followed.formUnion(other.followed)
    variables.merge(other.variables) { $1 }
  }

  /// The same with the variables where a file has them, before KASLR.
  func moved(back slide: UInt64) -> WantedTypes {
    var moved = self
    moved.variables = variables.mapValues { $0 &- slide }
    return moved
  }
}
