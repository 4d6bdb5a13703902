/// What can be said of a page's blocks without any constant: XOR with one leaves all of it as it is, up to the constant.
struct PageShape: Sendable {
  struct Repetition: Sendable {
    let block: Block
    let count: Int
  }

  /// The blocks that repeat most, ``fewestRepetitions`` times and more; four at the most.
  let repetitions: [Repetition]
  /// The most frequent block, and how often it is there.
  let mode: Block
  let modeCount: Int
  /// How often the next one is there.
  let secondCount: Int
  let blockCount: Int
  /// Whether no 32-bit word comes twice at the same place of a block: ciphertext, compressed data, or damage that no
  /// constant undoes.
  let isNoise: Bool

  /// Fewer repetitions happen by chance and by code.
  static let fewestRepetitions = 8
  private static let mostRepetitions = 4

  init(_ region: LowRegion, page: Int) {
    let range = region.blockRange(ofPage: page)
    let sorted = region.blocks[range].sorted { ($0.high, $0.low) < ($1.high, $1.low) }
    var mode = Block.zero
    var modeCount = 0
    var secondCount = 0
    var repetitions: [Repetition] = []
    sorted.forEachRun { block, count in
      if count >= PageShape.fewestRepetitions { repetitions.append(Repetition(block: block, count: count)) }
      if count > modeCount {
        (secondCount, modeCount, mode) = (modeCount, count, block)
      } else {
        secondCount = max(secondCount, count)
      }
    }
    self.repetitions = Array(
      repetitions.sorted { ($1.count, $0.block.low) < ($0.count, $1.block.low) }.prefix(
        PageShape.mostRepetitions))
    self.mode = mode
    self.modeCount = modeCount
    self.secondCount = secondCount
    blockCount = range.count
    isNoise = modeCount <= 1 && !PageShape.repeatsWords(sorted)
  }

  /// Whether one block stands out: what a fill looks like under a constant.
  ///
  /// Constants that are zero or depend on each other make every block of a page of ciphertext come equally often, so
  /// the next one must be far behind.
  var standsOut: Bool {
    modeCount >= PageShape.fewestRepetitions && modeCount >= 2 * secondCount
  }

  /// Whether all but a line or two of 64 bytes are the same block.
  var isNearlyUnanimous: Bool {
    modeCount >= PageShape.fewestRepetitions && modeCount * 16 >= blockCount * 15
  }

  /// Blocks that repeat and are a fill under a constant, and blocks that repeat and are none.
  func explained(by constant: Block) -> (fills: Int, others: Int) {
    var fills = 0
    var others = 0
    for repetition in repetitions {
      if FillPattern.explains(repetition.block, constant: constant) {
        fills += repetition.count
      } else {
        others += repetition.count
      }
    }
    return (fills, others)
  }

  /// Whether 32-bit words come twice at the same place of a block, more often than chance has it.
  static func repeatsWords(_ blocks: [Block]) -> Bool {
    var repeats = 0
    for lane in 0..<4 {
      let words = blocks.map { $0.word(lane) }.sorted()
      for index in words.indices.dropFirst() where words[index] == words[index - 1] { repeats += 1 }
    }
    // 256 random words hold an equal pair once in 130000 times.
    return repeats > 1
  }
}
