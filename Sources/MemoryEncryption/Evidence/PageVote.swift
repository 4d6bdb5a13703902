/// A page's own word on its constant.
struct PageVote: Sendable {
  enum Source: Hashable, Sendable {
    /// A block that repeats: the constant XOR a fill, and which fill is open.
    case fill
    /// What free pointers or kernel addresses of the page make sense under: the constant itself.
    case content
  }

  /// Counted from the region's first.
  let page: Int
  let constant: Block
  /// How many blocks say so.
  let weight: Int
  let source: Source

  /// Whether the page may be off by a constant, for all that it says itself.
  func agrees(with other: Block) -> Bool {
    source == .fill ? FillPattern.explains(constant, constant: other) : constant == other
  }
}
