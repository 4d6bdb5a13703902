/// "The XOR of these unknowns is this block", and who says so.
struct Equation: Sendable {
  enum Source: Hashable, Sendable {
    /// Pages of the class with this mask prove it.
    case content
    /// Blocks that repeat in pages of the class: the value XOR a fill.
    case fill
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

  /// Whether the equation holds where the unknowns' XOR is known.
  func holds(_ known: Block) -> Bool {
    source == .fill ? FillPattern.explains(value, constant: known) : value == known
  }

  /// Equations are taken in this order: what is proven, relations of untouched memory, fills, and a table, which says
  /// what the dump leaves open and never denies it.
  var rank: Int {
    switch source {
    case .content: 0
    case .untouched: 1
    case .fill: 2
    case .table: 3
    }
  }
}
