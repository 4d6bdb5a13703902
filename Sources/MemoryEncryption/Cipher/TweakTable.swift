/// The constants `t[4]`, `t[5]`, … that a memory controller XORs for the set bits of a physical address.
///
/// A table may know only some of them: bits 32 and up were never published for any processor.
public struct TweakTable: Hashable, Sendable {
  /// The first address bit that has a constant: lower ones are within a block.
  public static let lowestBit = 4
  /// The last address bit there can be: x86_64 has 52 physical address bits.
  public static let highestBit = 51

  /// By address bit; nil where unknown.
  private var constants = [Block?](repeating: nil, count: TweakTable.highestBit + 1)
  /// The address bits that have a constant here.
  public private(set) var knownBits: UInt64 = 0

  public init() {}

  /// The constant of an address bit from ``lowestBit`` to ``highestBit``; nil where it is unknown.
  public subscript(bit: Int) -> Block? {
    get {
      bit >= TweakTable.lowestBit && bit <= TweakTable.highestBit ? constants[bit] : nil
    }
    set {
      precondition(bit >= TweakTable.lowestBit && bit <= TweakTable.highestBit)
      constants[bit] = newValue
      if newValue == nil { knownBits &= ~(1 << UInt64(bit)) } else { knownBits |= 1 << UInt64(bit) }
    }
  }

  /// `T(a)`: the XOR of the constants of the set bits; nil if one of them is unknown.
  ///
  /// - Parameter address: a physical address without the encryption bit, or the XOR of several.
  public func value(for address: UInt64) -> Block? {
    var bits = address & ~(1 << UInt64(TweakTable.lowestBit) - 1)
    guard bits & ~knownBits == 0 else { return nil }
    var sum = Block.zero
    while bits != 0 {
      if let constant = constants[bits.trailingZeroBitCount] { sum ^= constant }
      bits &= bits - 1
    }
    return sum
  }
}
