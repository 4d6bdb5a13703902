/// What the `secrets` statements of an ``ErasureScript`` ask for.
public struct SecretRequest: Hashable, Sendable {
  public internal(set) var kinds: Set<SecretKind> = []
  /// Paths of files whose cached pages are erased; `*` stands for any letters of a name.
  public internal(set) var files: [String] = []

  public var isEmpty: Bool { kinds.isEmpty && files.isEmpty }
}
