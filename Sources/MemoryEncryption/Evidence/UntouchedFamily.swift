/// Pages, or parts of pages, whose DRAM was zero and that the first kernel never wrote.
///
/// A block of them at the read address r shows `AES^-1(0) ^ T(r)`: all different, but two of them differ by `T` of
/// the difference of their addresses. That gives the constants of the bits within a page, which tell such pages from
/// others, and relations between those of the bits above.
struct UntouchedFamily: Sendable {
  struct Member: Sendable {
    let page: Int
    /// `AES^-1(0) ^ T(r)` for the page's first block.
    let origin: Block
    /// How many blocks say so.
    let weight: Int
  }

  /// `t4` to `t11`.
  let steps: [Block]
  let members: [Member]

  /// A family of one page relates nothing; families of regular content are sorted out by the solver.
  private static let fewestPages = 2
  static let most = 4
  private static let fewestBlocks = 8
  private static let stepCount = 8

  /// All families of a region, those of most pages first.
  static func find(in region: LowRegion, pages: [Int]) -> [UntouchedFamily] {
    var groups: [[Block]: Int] = [:]
    for page in pages {
      if let steps = steps(of: page, in: region) { groups[steps, default: 0] += 1 }
    }
    let candidates = groups.filter { $0.value >= fewestPages }
      .sorted { ($0.value, $0.key[0].low) > ($1.value, $1.key[0].low) }
    var families: [UntouchedFamily] = []
    for candidate in candidates.prefix(most) {
      let offsets = offsets(candidate.key)
      var members: [Member] = []
      for page in pages {
        let range = region.blockRange(ofPage: page)
        let origins = range.map { region.blocks[$0] ^ offsets[region.placeInPage($0)] }
        let found = mostFrequent(origins)
        if found.count >= fewestBlocks {
          members.append(Member(page: page, origin: found.value, weight: found.count))
        }
      }
      families.append(UntouchedFamily(steps: candidate.key, members: members))
    }
    return families
  }

  /// Whether a page looks as untouched memory does, by itself. So may regular content.
  static func resembles(_ page: Int, in region: LowRegion) -> Bool { steps(of: page, in: region) != nil }

  /// `T` of each block's place in its page.
  private static func offsets(_ steps: [Block]) -> [Block] {
    (0..<LowRegion.blocksPerPage).map { place in
      var sum = Block.zero
      for bit in 0..<stepCount where place >> bit & 1 == 1 { sum ^= steps[bit] }
      return sum
    }
  }

  /// What most blocks of a page differ by from those 16, 32, … 2048 bytes on; nil if they do so in no regular way.
  private static func steps(of page: Int, in region: LowRegion) -> [Block]? {
    let range = region.blockRange(ofPage: page)
    guard range.count == LowRegion.blocksPerPage else { return nil }
    // Noise and single values are told soon: most pages end here.
    var steps: [Block] = []
    var zeros = 0
    for bit in 0..<stepCount {
      var differences: [Block] = []
      differences.reserveCapacity(LowRegion.blocksPerPage / 2)
      for place in 0..<LowRegion.blocksPerPage where place >> bit & 1 == 0 {
        differences.append(
          region.blocks[range.lowerBound + place] ^ region.blocks[range.lowerBound + (place | 1 << bit)])
      }
      let found = mostFrequent(differences)
      guard found.count >= LowRegion.blocksPerPage / 4 else { return nil }
      if found.value == .zero { zeros += 1 }
      steps.append(found.value)
    }
    // One machine had two constants of zero. A page of one value has eight.
    return zeros <= stepCount - 3 ? steps : nil
  }

  private static func mostFrequent(_ blocks: [Block]) -> (value: Block, count: Int) {
    let sorted = blocks.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
    var best = (value: Block.zero, count: 0)
    sorted.forEachRun { block, count in
      if count > best.count { best = (block, count) }
    }
    return best
  }
}
