/// A page's own word on its constant.
struct PageVote: Sendable {
  enum Source: Hashable, Sendable {
    /// Blocks that repeat.
    case repeated
    /// Free pointers of a slab, by the period of the constant.
    case slabs
  }

  /// Counted from the region's first.
  let page: Int
  let constant: Block
  /// How many blocks say so.
  let weight: Int
  let source: Source
}
