import DumpFixtures
import Foundation

/// A memory controller that encrypts as AMD's do, with AES by the openssl command: no code of the program under test.
///
/// T(a) is the XOR of one constant for each set bit of the address. XE: AES(m ^ T(a)). XEX: AES(m ^ T(a)) ^ T(a).
struct SimulatedController {
  enum Mode: String, CaseIterable {
    case xe, xex
  }

  enum Tweaks: String, CaseIterable {
    /// The EPYC 7251's (Wilke et al., "SEVurity", 2020); it repeats 4 bytes, as periodic ones do.
    case published
    case periodic
    case random
    /// Periodic ones of which some are zero, as on one Threadripper, and some follow from others: pages that moved
    /// differently are off by the same, and one address bit moves nothing.
    case dependent = "rank-deficient"
  }

  private typealias Pair = (low: UInt64, high: UInt64)

  let mode: Mode
  /// 32 hexadecimal digits.
  let key: String
  private let constants: [Pair]
  /// T of the offsets of the blocks of a page.
  private let offsets: [Pair]

  private static let published = """
    82253838 ec09079c 40000018 8102a23a 77d91077 b010b2c0 536d544d 1568ee53 b09230c2 9670ff8e 361b90d5 0400c236 e8182985
    bd31f92a a50d3744 f431d84c 02043181 b37132a1 508ac06c 168a8020 7f9bc007 00db0407 7f000404 70fa01be bb3d2890 bd2dd526
    1c5d6ce2 4f5ce727
    """.split { $0 == " " || $0 == "\n" }

  init(_ mode: Mode, _ tweaks: Tweaks, seed: UInt64) {
    self.mode = mode
    var random = SeededGenerator(seed: seed)
    key = [random.next(), random.next()].map { Self.digits($0) }.joined()
    var constants: [Pair] = (0..<48).map { bit in
      if bit < 4 { return (0, 0) }
      let (first, second) = (random.next(), random.next())
      if tweaks == .random { return (first, second) }
      var word = UInt32(truncatingIfNeeded: first)
      if tweaks == .published, bit - 4 < Self.published.count {
        word = UInt32(Self.published[bit - 4], radix: 16)!.byteSwapped
      }
      return (UInt64(word) << 32 | UInt64(word), UInt64(word) << 32 | UInt64(word))
    }
    if tweaks == .dependent {
      for bit in [8, 9, 14] { constants[bit] = (0, 0) }
      constants[17] = constants[13]
      constants[18] = (constants[12].low ^ constants[15].low, constants[12].high ^ constants[15].high)
    }
    self.constants = constants
    let known = constants
    offsets = (0..<256).map { Self.tweak(UInt64($0 * 16), known) }
  }

  private static func digits(_ word: UInt64) -> String {
    let text = String(word.byteSwapped, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  /// The table as `--sme-tweaks` reads it.
  var tweaksText: String {
    (4..<48).map { "t\($0) " + Self.digits(constants[$0].low) + Self.digits(constants[$0].high) + "\n" }
      .joined()
  }

  func encrypt(_ data: inout [UInt8], at address: UInt64) throws {
    mask(&data, at: address)
    data = try aes(data, "-e")
    if mode == .xex { mask(&data, at: address) }
  }

  func decrypt(_ data: inout [UInt8], at address: UInt64) throws {
    if mode == .xex { mask(&data, at: address) }
    data = try aes(data, "-d")
    mask(&data, at: address)
  }

  private static func tweak(_ address: UInt64, _ constants: [Pair]) -> Pair {
    var result: Pair = (0, 0)
    for bit in 4..<48 where address >> UInt64(bit) & 1 == 1 {
      result = (result.low ^ constants[bit].low, result.high ^ constants[bit].high)
    }
    return result
  }

  /// XORs each block with its T; the address is a multiple of 16.
  private func mask(_ data: inout [UInt8], at address: UInt64) {
    var page: Pair = (0, 0)
    var pageStart = UInt64.max
    data.withUnsafeMutableBytes { bytes in
      for place in stride(from: 0, to: bytes.count, by: 16) {
        let at = address + UInt64(place)
        if at & ~0xfff != pageStart {
          pageStart = at & ~0xfff
          page = Self.tweak(pageStart, constants)
        }
        let offset = offsets[Int(at & 0xfff) / 16]
        let low = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ page.low ^ offset.low
        let high = bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self) ^ page.high ^ offset.high
        bytes.storeBytes(of: low, toByteOffset: place, as: UInt64.self)
        bytes.storeBytes(of: high, toByteOffset: place + 8, as: UInt64.self)
      }
    }
  }

  private func aes(_ data: [UInt8], _ direction: String) throws -> [UInt8] {
    let scratch = try ScratchFolder()
    try Data(data).write(to: scratch.url("in"))
    try ProgramRun.succeeding(
      try Lab.tool("openssl"),
      [
        "enc", "-aes-128-ecb", direction, "-nopad", "-K", key, "-in", scratch.path("in"), "-out",
        scratch.path("out"),
      ])
    return Array(try Data(contentsOf: scratch.url("out")))
  }
}
