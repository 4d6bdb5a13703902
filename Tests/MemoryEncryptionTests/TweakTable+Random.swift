import DumpFixtures
import MemoryEncryption

extension TweakTable {
  /// A full table of independent 16-byte constants, or of 4-byte ones that repeat.
  static func random(_ random: inout SeededGenerator, periodic: Bool = false) -> TweakTable {
    var table = TweakTable()
    for bit in lowestBit...highestBit {
      table[bit] =
        periodic
        ? Block(repeating: UInt32(truncatingIfNeeded: random.next()))
        : Block(low: random.next(), high: random.next())
    }
    return table
  }
}
