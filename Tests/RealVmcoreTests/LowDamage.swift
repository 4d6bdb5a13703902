import DumpFixtures
import Foundation

/// Low memory before and after a crash on a machine that encrypts: what the first kernel saw at l, and what is left of it
/// once purgatory has copied the ciphertext to r and the capture kernel has read it there.
struct LowDamage {
  private(set) var truth: [UInt8]
  var seen: [UInt8]
  /// Offsets of pages that the first kernel never wrote: it saw noise, and so does everybody.
  private(set) var untouchedPages: Set<Int> = []
  /// Offsets of lines of 64 bytes that did not reach the DRAM in time.
  private(set) var staleLines: [Int] = []

  init(undamaged bytes: [UInt8]) {
    truth = bytes
    seen = bytes
  }

  /// - Parameters:
  ///   - bytes: what the first kernel wrote.
  ///   - start: the address of the first.
  ///   - backup: where that went.
  init(
    of bytes: [UInt8], at start: UInt64, backup: UInt64, controller: SimulatedController, recipe: TwinRecipe
  ) throws {
    var random = SeededGenerator(seed: recipe.seed)
    truth = bytes
    var dram = bytes
    try controller.encrypt(&dram, at: start)
    var noise = [UInt8](repeating: 0, count: bytes.count)
    try controller.decrypt(&noise, at: start)
    for page in stride(from: 0, to: bytes.count, by: 4096) {
      let range = page..<min(page + 4096, bytes.count)
      if recipe.decrypted.contains(start + UInt64(page)) {
        dram.replaceSubrange(range, with: bytes[range])
      } else if Self.isZero(bytes, range), Double.random(in: 0..<1, using: &random) < recipe.untouched {
        dram.replaceSubrange(range, with: repeatElement(0, count: range.count))
        truth.replaceSubrange(range, with: noise[range])
        untouchedPages.insert(page)
      }
    }
    seen = dram
    if recipe.readsEncrypted { try controller.decrypt(&seen, at: backup) }
    for _ in 0..<recipe.staleLines {
      let line = Int.random(in: 0..<truth.count / 64, using: &random) * 64
      staleLines.append(line)
      for place in line..<line + 64 { seen[place] = UInt8.random(in: 0...255, using: &random) }
    }
  }

  /// The same with pages as the first kernel saw them.
  mutating func repairPages(where isRepaired: (_ page: Int) -> Bool) {
    for page in stride(from: 0, to: truth.count, by: 4096) where isRepaired(page) {
      let range = page..<min(page + 4096, truth.count)
      seen.replaceSubrange(range, with: truth[range])
    }
  }

  /// Exchanges a part.
  mutating func replace(_ range: Range<Int>, seen: [UInt8], truth: [UInt8]) {
    self.seen.replaceSubrange(range, with: seen[range])
    self.truth.replaceSubrange(range, with: truth[range])
  }

  private static func isZero(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    bytes.withUnsafeBytes { bytes in
      stride(from: range.lowerBound, to: range.upperBound, by: 16).allSatisfy {
        bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self) == 0
          && bytes.loadUnaligned(fromByteOffset: $0 + 8, as: UInt64.self) == 0
      }
    }
  }
}
