/// Linear equations over GF(2): each says what the XOR of some unknown blocks is. Unknowns are bits of a mask.
struct LinearSystem: Sendable {
  enum Insertion {
    /// The equation said something new.
    case independent
    /// It follows from those before.
    case consistent
    /// It denies those before, and was not taken.
    case contradiction
  }

  /// By the highest unknown of the row.
  private var masks = [UInt64](repeating: 0, count: 64)
  private var values = [Block](repeating: .zero, count: 64)
  private(set) var rank = 0

  init() {}

  /// What is left of an equation after the known ones are taken off.
  private func reduce(_ mask: UInt64, value: Block) -> (mask: UInt64, value: Block) {
    var mask = mask
    var value = value
    var bits = mask
    while bits != 0 {
      let pivot = 63 - bits.leadingZeroBitCount
      if masks[pivot] != 0 {
        mask ^= masks[pivot]
        value ^= values[pivot]
      }
      // Below the pivot only: a bit without a row stays in the mask.
      bits = mask & (1 << UInt64(pivot) - 1)
    }
    return (mask, value)
  }

  /// Adds an equation, unless it contradicts.
  @discardableResult
  mutating func insert(mask: UInt64, value: Block) -> Insertion {
    let rest = reduce(mask, value: value)
    if rest.mask == 0 { return rest.value == .zero ? .consistent : .contradiction }
    let pivot = 63 - rest.mask.leadingZeroBitCount
    masks[pivot] = rest.mask
    values[pivot] = rest.value
    rank += 1
    return .independent
  }

  /// The XOR of the unknowns of a mask; nil if the equations do not determine it.
  func value(of mask: UInt64) -> Block? {
    let rest = reduce(mask, value: .zero)
    return rest.mask == 0 ? rest.value : nil
  }
}
