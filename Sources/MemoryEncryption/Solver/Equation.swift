/// "The XOR of these unknowns is this block", and who says so.
struct Equation: Sendable {
  enum Source: Hashable, Sendable {
    /// Pages of the class with this mask vote.
    case vote
    /// Untouched pages.
    case untouched
    /// The published table, at a backup address that the dump confirmed.
    case table
  }

  let mask: UInt64
  let value: Block
  let source: Source
  /// Blocks.
  var weight: Int
  /// Pages.
  var count: Int
}
