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

  public init() {}

  /// All that is ever asked of a kernel's types, but for what the user names.
  public static let kernel: WantedTypes = {
    var wanted = VMCOREINFOMaker.wantedTypes
    wanted.structures.formUnion(
      KexecImage.structures + ProcessFrames.structures + SlabLayout.structures + OpeningFrames.structures)
    return wanted
  }()

  /// The same with the variables where a file has them, before KASLR.
  func moved(back slide: UInt64) -> WantedTypes {
    var moved = self
    moved.variables = variables.mapValues { $0 &- slide }
    return moved
  }
}
