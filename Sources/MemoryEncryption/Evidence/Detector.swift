/// Looks at a low region without any constant: is it damaged, and is there anything to repair it by?
public struct Detector: Sendable {
  let region: LowRegion
  /// By page.
  let shapes: [PageShape]
  /// Pages whose bytes the dump has, and that the first kernel may have mapped encrypted.
  let pages: [Int]
  /// Blocks of zeros in these pages.
  public let zeroBlocks: Int
  /// Blocks that are one of many equal ones in their page, and poison as they are.
  public let poisonBlocks: Int
  /// Blocks that are one of many equal ones in their page, and no fill as they are.
  public let repeatedBlocks: Int
  /// Pages without any regular content.
  public let noisePages: Int
  /// Pages of nothing but zeros, a line or two left aside.
  public let zeroPages: Int
  /// What can be said already; nil if constants have to be looked for.
  public let verdict: Verdict?

  public init(_ region: LowRegion) {
    self.region = region
    shapes = (0..<region.pageCount).map { PageShape(region, page: $0) }
    let pages = (0..<region.pageCount).filter { page in
      switch region.attributes[page] {
      case .encrypted, .unknown: !region.blockRange(ofPage: page).isEmpty
      case .decrypted, .absent: false
      }
    }
    self.pages = pages
    var zeros = 0
    var poison = 0
    var repeated = 0
    var noise = 0
    var zeroPages = 0
    for page in pages {
      zeros += region.blocks[region.blockRange(ofPage: page)].count { $0 == .zero }
      let shape = shapes[page]
      if shape.isNoise { noise += 1 }
      if shape.isNearlyUnanimous, shape.mode == .zero { zeroPages += 1 }
      for repetition in shape.repetitions where repetition.block != .zero {
        if FillPattern.isFill(repetition.block) { poison += repetition.count }
      }
      if shape.standsOut, !FillPattern.isFill(shape.mode) { repeated += shape.modeCount }
    }
    zeroBlocks = zeros
    poisonBlocks = poison
    repeatedBlocks = repeated
    noisePages = noise
    self.zeroPages = zeroPages
    verdict = Detector.verdict(
      zeros: zeros + poison, repeated: repeated, noise: noise, zeroPages: zeroPages, pages: pages.count)
  }

  /// Fewer zero blocks may be stale lines of the backup: memory that the copy did not reach before the crash.
  private static let fewestZeroBlocks = 16
  /// As many are never a few lines, whatever else repeats.
  private static let manyZeroBlocks = 64

  private static func verdict(zeros: Int, repeated: Int, noise: Int, zeroPages: Int, pages: Int) -> Verdict? {
    if pages == 0 { return .noEvidence }
    if zeros < fewestZeroBlocks || (zeros < manyZeroBlocks && zeros < repeated / 4) { return nil }
    if zeros < repeated { return .mixed }
    // A damaged page shows no zero block. Seen as ciphertext, memory that was never written is zero as a whole.
    let isAllOrNothing = zeroPages + noise == pages
    return isAllOrNothing && zeroPages > 0 && noise > 0 ? .ciphertext : .undamaged
  }
}
