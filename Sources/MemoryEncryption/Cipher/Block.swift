/// Sixteen bytes of memory: what the memory controller's AES takes at once, and what a tweak constant is.
///
/// The two words are little endian: byte 0 of memory is the lowest byte of `low`.
public struct Block: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
  public var low: UInt64
  public var high: UInt64

  public static var zero: Block { Block(low: 0, high: 0) }
  public static var byteCount: Int { 16 }

  @inlinable
  public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// A block that repeats one little-endian 32-bit word four times, as the constants of the first EPYCs do.
  @inlinable
  public init(repeating word: UInt32) {
    let pair = UInt64(word) << 32 | UInt64(word)
    self.init(low: pair, high: pair)
  }

  @inlinable
  public static func ^ (left: Block, right: Block) -> Block {
    Block(low: left.low ^ right.low, high: left.high ^ right.high)
  }

  @inlinable
  public static func ^= (left: inout Block, right: Block) {
    left.low ^= right.low
    left.high ^= right.high
  }

  /// Whether all four 32-bit words are the same.
  @inlinable
  public var isPeriodic: Bool {
    low == high && UInt32(truncatingIfNeeded: low) == UInt32(truncatingIfNeeded: low >> 32)
  }

  /// One of the four little-endian 32-bit words.
  @inlinable
  public func word(_ index: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: (index < 2 ? low : high) >> (UInt64(index & 1) * 32))
  }

  /// The bytes in hexadecimal, in memory order.
  public var description: String {
    Block.hexadecimal(low) + Block.hexadecimal(high)
  }

  private static func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word.byteSwapped, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The bytes given in hexadecimal, in memory order: 32 digits, or 8 that are repeated four times.
  public init?(hexadecimal text: some StringProtocol) {
    // The integer initialisers take signs too.
    guard text.utf8.allSatisfy({ Block.isHexadecimalDigit($0) }) else { return nil }
    switch text.utf8.count {
    case 8:
      guard let word = UInt32(text, radix: 16) else { return nil }
      self.init(repeating: word.byteSwapped)
    case 32:
      guard let low = UInt64(text.prefix(16), radix: 16), let high = UInt64(text.dropFirst(16), radix: 16)
      else { return nil }
      self.init(low: low.byteSwapped, high: high.byteSwapped)
    default:
      return nil
    }
  }

  private static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
