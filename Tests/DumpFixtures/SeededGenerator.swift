/// Random numbers that depend on their seed alone (SplitMix64), so that a failing case can be run again.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) {
    state = seed
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// True once in `outOf` calls on average.
  public mutating func oneIn(_ outOf: UInt64) -> Bool {
    next() % outOf == 0
  }

  /// A number below `limit`, which is not zero.
  public mutating func below(_ limit: UInt64) -> UInt64 {
    next() % limit
  }

  /// The bytes with some of them, anywhere, changed to others or the same.
  public mutating func damaging(_ bytes: [UInt8], places: Int) -> [UInt8] {
    var damaged = bytes
    for _ in 0..<places {
      damaged[Int(below(UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: next())
    }
    return damaged
  }

  /// One element of `choices`, which is not empty.
  public mutating func pick<T>(_ choices: [T]) -> T {
    choices[Int(next() % UInt64(choices.count))]
  }
}
