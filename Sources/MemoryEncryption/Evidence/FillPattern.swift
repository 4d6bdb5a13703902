/// What kernels fill whole stretches of memory with: zeros, and the bytes of `include/linux/poison.h`.
///
/// A block that repeats in a damaged page is the page's constant XOR one of these, and nothing in the block says which.
/// So a fill only ever makes a hypothesis; something else has to decide.
enum FillPattern {
  /// Zeros; POISON_INUSE, POISON_FREE and POISON_END of slabs; PAGE_POISON; SLUB_RED_INACTIVE and SLUB_RED_ACTIVE; and
  /// 0xff, of bitmaps and of firmware.
  static let bytes: [UInt8] = [0, 0x5a, 0x6b, 0xa5, 0xaa, 0xbb, 0xcc, 0xff]
  static let blocks = bytes.map { block(of: $0) }
  /// By byte: whether it is 0 or what two fills differ by.
  static let isDifference: [Bool] = {
    var table = [Bool](repeating: false, count: 256)
    for first in bytes { for second in bytes { table[Int(first ^ second)] = true } }
    return table
  }()

  /// What two constants may differ by that explain the same repeated block.
  static let differences = (1...UInt8.max).filter { isDifference[Int($0)] }.map { block(of: $0) }

  static func block(of byte: UInt8) -> Block { Block(repeating: UInt32(byte) &* 0x0101_0101) }

  /// A cleared screen of the VGA, light grey blanks on black, as boot loaders leave it in low memory.
  private static let blankScreen = Block(repeating: 0x0720_0720)

  static func isFill(_ block: Block) -> Bool { blocks.contains(block) || block == blankScreen }

  /// Whether a repeated block is a fill under a constant.
  static func explains(_ seen: Block, constant: Block) -> Bool { isFill(seen ^ constant) }
}
