/// Looks at what a constant makes of pages: the checks that do not come from how constants relate to each other.
struct ContentExaminer: Sendable {
  private let region: LowRegion
  private let shapes: [PageShape]
  private let slabs: SlabEvidence

  init(_ detector: Detector, slabs: SlabEvidence) {
    region = detector.region
    shapes = detector.shapes
    self.slabs = slabs
  }

  /// Blocks that become zero.
  func repeated(_ pages: [Int], _ constant: Block) -> Int {
    var count = 0
    for page in pages {
      count += region.blocks[region.blockRange(ofPage: page)].count { $0 == constant }
    }
    return count
  }

  func slabPointers(_ pages: [Int], _ constant: Block) -> Int {
    slabs.isEmpty ? 0 : slabs.pointers(in: Set(pages), constant: constant)
  }

  /// Kernel addresses in the upper half that 47-bit and 56-bit paging share; free pointers are counted elsewhere.
  ///
  /// Where a pattern took the zeros' place, the constant is off by it: off by 0xff, small numbers look like kernel
  /// addresses. So nothing is counted where a word that repeats one byte is more frequent than zero, or where taking
  /// the most frequent word for zero would make kernel addresses too.
  /// - Returns: nil if there are no more than chance may leave, which it does once in a million times.
  func kernelPointers(_ pages: [Int], _ constant: Block) -> Int? {
    guard let found = significantPointers(pages, constant) else { return nil }
    for lane in laneCounts(pages, constant) where lane.others > lane.zeros {
      if lane.other == (lane.other & 0xff) &* 0x0101_0101 { return nil }
      if significantPointers(pages, constant ^ Block(repeating: lane.other)) != nil { return nil }
    }
    return found
  }

  private func significantPointers(_ pages: [Int], _ constant: Block) -> Int? {
    var words = 0
    var found = 0
    for page in pages {
      for index in region.blockRange(ofPage: page) where region.blocks[index] != constant {
        let block = region.blocks[index] ^ constant
        if !slabs.words.contains(2 * index) {
          words += 1
          if ContentExaminer.isKernelAddress(block.low) { found += 1 }
        }
        if !slabs.words.contains(2 * index + 1) {
          words += 1
          if ContentExaminer.isKernelAddress(block.high) { found += 1 }
        }
      }
    }
    return found >= ContentExaminer.significant(Double(words) / 131072) ? found : nil
  }

  /// Seventeen bits set, and not a small negative number.
  private static func isKernelAddress(_ word: UInt64) -> Bool {
    word >= 0xffff_8000_0000_0000 && word < 0xffff_ffff_ffff_0000
  }

  /// The smallest count that is less likely than one in a million where `expected` is the mean of chance.
  static func significant(_ expected: Double) -> Int {
    var likelihood = 1.0
    var count = 0
    // The tail of a Poisson distribution lies below expected^k / k!.
    while likelihood >= 1e-6 || count < 3 {
      count += 1
      likelihood *= expected / Double(count)
      if count > 1 << 20 { break }
    }
    return count
  }

  /// 32-bit words that become zero in blocks that do not: zero is the most frequent word of kernel memory.
  ///
  /// A constant that is off by what fills free pages (a poison pattern) makes zero blocks as well, but then the
  /// other blocks are full of the pattern, and not of zeros.
  /// - Returns: nil if zero is not the most frequent word in at least two of a block's four places.
  func zeroWords(_ pages: [Int], _ constant: Block) -> Int? {
    var total = 0
    var places = 0
    for lane in laneCounts(pages, constant) {
      if lane.zeros >= 4, lane.zeros >= lane.others { places += 1 }
      if lane.zeros >= lane.others { total += lane.zeros }
    }
    return places >= 2 && total >= PageShape.fewestRepetitions ? total : nil
  }

  private struct LaneCount {
    /// Words that become zero.
    var zeros = 0
    /// The most frequent other word, after the constant is taken off, and how often it is there.
    var other: UInt32 = 0
    var others = 0
  }

  /// For each of the four 32-bit places of a block, over the blocks that do not become zero as a whole.
  private func laneCounts(_ pages: [Int], _ constant: Block) -> [LaneCount] {
    (0..<4).map { lane in
      var words: [UInt32] = []
      let zero = constant.word(lane)
      for page in pages where !shapes[page].isNoise {
        for index in region.blockRange(ofPage: page) where region.blocks[index] != constant {
          words.append(region.blocks[index].word(lane) ^ zero)
        }
      }
      words.sort()
      var lanes = LaneCount()
      words.forEachRun { word, count in
        if word == 0 {
          lanes.zeros = count
        } else if count > lanes.others {
          lanes.others = count
          lanes.other = word
        }
      }
      return lanes
    }
  }

  /// Words that pages with believed constants hold three times and more, zero left out.
  func vocabulary(_ believed: [(pages: [Int], constant: Block)]) -> Set<UInt32> {
    var counts: [UInt32: Int] = [:]
    for (pages, constant) in believed {
      for page in pages where !shapes[page].isNoise {
        for index in region.blockRange(ofPage: page) where region.blocks[index] != constant {
          let block = region.blocks[index] ^ constant
          for lane in 0..<4 { counts[block.word(lane), default: 0] += 1 }
        }
      }
    }
    counts[0] = nil
    return Set(counts.lazy.filter { $0.value >= 3 }.map { $0.key })
  }

  /// Words of a vocabulary that a constant makes of pages; nil if chance could have done it.
  func knownWords(_ pages: [Int], _ constant: Block, _ vocabulary: Set<UInt32>) -> Int? {
    var words = 0
    var found = 0
    for page in pages {
      for index in region.blockRange(ofPage: page) where region.blocks[index] != constant {
        let block = region.blocks[index] ^ constant
        for lane in 0..<4 {
          words += 1
          if vocabulary.contains(block.word(lane)) { found += 1 }
        }
      }
    }
    let expected = Double(words) * Double(vocabulary.count) / 4_294_967_296
    return found >= max(PageShape.fewestRepetitions, ContentExaminer.significant(expected)) ? found : nil
  }

  /// Pages of one repeated block but for a line or two, by whether they become zero.
  func unanimous(_ pages: [Int], _ constant: Block) -> (zero: Int, other: Int) {
    var zero = 0
    var other = 0
    for page in pages where shapes[page].isNearlyUnanimous {
      if shapes[page].mode == constant { zero += 1 } else { other += 1 }
    }
    return (zero, other)
  }

  /// Whether one page alone shows that a constant is right for it.
  func confirms(_ page: Int, _ constant: Block, _ vocabulary: Set<UInt32>) -> Bool {
    repeated([page], constant) >= 4
      || slabPointers([page], constant) > 0
      || kernelPointers([page], constant) != nil
      || zeroWords([page], constant) != nil
      || knownWords([page], constant, vocabulary) != nil
  }
}
