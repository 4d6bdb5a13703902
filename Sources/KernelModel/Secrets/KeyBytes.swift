/// Keys that were found, to be looked for elsewhere.
struct KeyBytes: Sendable {
  /// One behind the other.
  private(set) var bytes: [UInt8] = []
  /// Where each begins, and behind the last where that ends.
  private(set) var starts: [Int] = [0]
  private var known: Set<[UInt8]> = []
  /// Those that are too short, or of too few values, to be told from other bytes.
  private(set) var weak = 0

  /// What is shorter could be anything.
  static let shortest = 16
  /// Bytes of all; each costs 12 bytes more in the index.
  static let mostBytes = 1 << 20

  var count: Int { starts.count - 1 }

  /// - Returns: false if there are too many.
  mutating func add(_ key: [UInt8]) -> Bool {
    guard key.count >= Self.shortest, Self.isRandom(key[...]) else {
      weak += 1
      return true
    }
    guard known.insert(key).inserted else { return true }
    guard bytes.count + key.count <= Self.mostBytes else { return false }
    bytes += key
    starts.append(bytes.count)
    return true
  }

  /// Whether bytes are so unlike each other that the same bytes elsewhere are a copy: eight values among them at least.
  static func isRandom(_ bytes: ArraySlice<UInt8>) -> Bool { distinct(bytes) >= 8 }

  /// How many values there are; no generic, for it is asked at each byte of a MiB of keys.
  static func distinct(_ bytes: ArraySlice<UInt8>) -> Int {
    var low: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for byte in bytes {
      let bit: UInt64 = 1 << UInt64(byte & 63)
      switch byte >> 6 {
      case 0: low.0 |= bit
      case 1: low.1 |= bit
      case 2: low.2 |= bit
      default: low.3 |= bit
      }
    }
    return low.0.nonzeroBitCount + low.1.nonzeroBitCount + low.2.nonzeroBitCount + low.3.nonzeroBitCount
  }
}
