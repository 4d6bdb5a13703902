/// What pages themselves prove of a constant: words that make sense under it and, but for a coincidence of nearly 64
/// bits, under no other.
///
/// Fills are no such words: zeros and poison make each other's constants look right, whole classes at a time.
struct ContentEvidence: Sendable {
  /// How many words of each half of a block make sense: a constant has two halves of 64 bits, and a word of one says
  /// nothing of the other.
  struct Words: Sendable {
    var slabs = (low: 0, high: 0)
    var pointers = (low: 0, high: 0)

    var slabCount: Int { slabs.low + slabs.high }
    var pointerCount: Int { pointers.low + pointers.high }
    var count: Int { slabCount + pointerCount }
  }

  private let region: LowRegion
  private let shapes: [PageShape]
  let slabs: SlabEvidence
  /// How likely a random word is a kernel address.
  private let likelihood: Double

  init(_ detector: Detector, slabs: SlabEvidence) {
    region = detector.region
    shapes = detector.shapes
    self.slabs = slabs
    likelihood = region.pointerTargets.reduce(0) { $0 + Double($1.count) } / 18_446_744_073_709_551_616
  }

  /// The words of pages that make sense under a constant.
  func words(in pages: [Int], _ constant: Block) -> Words {
    var words = Words()
    words.slabs = slabs.pointers(in: pages, constant: constant)
    words.pointers = pointers(in: pages, constant)
    return words
  }

  /// Kernel addresses; none if there are no more than chance may leave, or if another fill would make as many.
  private func pointers(in pages: [Int], _ constant: Block) -> (low: Int, high: Int) {
    let counts = pointerCounts(pages, constant: constant)
    guard let found = counts[0], found.distinct.count >= 2,
      found.count
        >= ContentEvidence.significant(Double(2 * pages.count * LowRegion.blocksPerPage) * likelihood),
      counts.allSatisfy({ $0.key == 0 || 2 * $0.value.count <= found.count })
    else { return (0, 0) }
    return (found.low, found.high)
  }

  /// Whether a word is the kernel's address of anything.
  private func isAddress(_ word: UInt64) -> Bool { region.pointerTargets.contains { $0.contains(word) } }

  private struct PointerCount {
    var low = 0
    var high = 0
    var distinct: Set<UInt64> = []
    var count: Int { low + high }
  }

  /// Kernel addresses under a constant and under all that differ from it by what two fills differ by, by that byte.
  private func pointerCounts(_ pages: [Int], constant: Block) -> [UInt8: PointerCount] {
    var counts: [UInt8: PointerCount] = [:]
    if region.pointerTargets.isEmpty { return counts }
    func add(_ word: UInt64, _ place: Int) {
      // Kernel addresses begin with 0xff, with four and with five levels of page tables: the first byte tells the fill.
      let byte = ~UInt8(truncatingIfNeeded: word >> 56)
      guard FillPattern.isDifference[Int(byte)] else { return }
      let address = word ^ UInt64(byte) &* 0x0101_0101_0101_0101
      guard isAddress(address), !slabs.words.contains(place) else { return }
      var count = counts[byte] ?? PointerCount()
      if place & 1 == 0 { count.low += 1 } else { count.high += 1 }
      count.distinct.insert(address)
      counts[byte] = count
    }
    for page in pages {
      for index in region.blockRange(ofPage: page) {
        add(region.blocks[index].low ^ constant.low, 2 * index)
        add(region.blocks[index].high ^ constant.high, 2 * index + 1)
      }
    }
    return counts
  }

  /// The constants that differ from one by a fill, itself first, and that words of pages may prove.
  func candidates(near constant: Block, for pages: [Int]) -> [Block] {
    let counts = pointerCounts(pages, constant: constant)
    return ([.zero] + FillPattern.differences).compactMap { difference in
      let other = constant ^ difference
      let words = slabs.pointers(in: pages, constant: other)
      let pointers = counts[UInt8(truncatingIfNeeded: difference.low)]?.count ?? 0
      return words.low + words.high > 0 || pointers >= 2 ? other : nil
    }
  }

  /// The smallest count that is less likely than one in a million where `expected` is the mean of chance.
  static func significant(_ expected: Double) -> Int {
    var likelihood = 1.0
    var count = 0
    // The tail of a Poisson distribution lies below expected^k / k!.
    while likelihood >= 1e-6 || count < 2 {
      count += 1
      likelihood *= expected / Double(count)
      if count > 1 << 20 { break }
    }
    return count
  }

  /// Whether pages prove a constant: words of both halves, or of one half where the other follows, either because all
  /// four words of the constant are the same, as those of the first EPYCs are, or because blocks that repeat are fills
  /// as a whole under it.
  ///
  /// - Parameter fewestSlabs: free pointers that are enough.
  /// - Returns: the words; nil if they are too few, or if more repeated blocks deny the constant than are fills.
  func proof(of constant: Block, by pages: [Int], fewestSlabs: Int = 2) -> Words? {
    let words = words(in: pages, constant)
    guard words.slabCount >= fewestSlabs || words.pointerCount > 0 else { return nil }
    let (fills, others) = explained(pages, constant: constant, countsUniform: false)
    if words.slabs.low + words.pointers.low > 0, words.slabs.high + words.pointers.high > 0,
      others <= 2 * fills
    {
      return words
    }
    guard others <= fills else { return nil }
    return fills > 0 || constant.isPeriodic && constant != .zero ? words : nil
  }

  /// Blocks that repeat: fills, and others; pages of one other block are left out where they are not asked for.
  func explained(
    _ pages: [Int], constant: Block, countsUniform: Bool = true
  ) -> (fills: Int, others: Int) {
    var sum = (fills: 0, others: 0)
    for page in pages where countsUniform || !isForeign(page, constant: constant) {
      let (fills, others) = shapes[page].explained(by: constant)
      // Where constants depend on each other, all blocks of untouched memory repeat, and say nothing.
      if fills == 0, !shapes[page].standsOut { continue }
      sum.fills += fills
      sum.others += others
    }
    return sum
  }

  /// The constant that a page's free pointers prove, taken from its repeated blocks; nil if none or several.
  func constant(provenBy page: Int) -> (constant: Block, weight: Int)? {
    guard slabs.hasSlots(page) else { return nil }
    var found: [(constant: Block, fills: Int)] = []
    for repetition in shapes[page].repetitions {
      for fill in FillPattern.blocks {
        let constant = repetition.block ^ fill
        if found.contains(where: { $0.constant == constant }) { continue }
        let words = slabs.pointers(in: CollectionOfOne(page), constant: constant)
        guard words.low + words.high > 0, proof(of: constant, by: [page], fewestSlabs: 1) != nil else {
          continue
        }
        found.append((constant, explained([page], constant: constant).fills))
      }
    }
    found.sort { $0.fills > $1.fills }
    guard let best = found.first, found.count == 1 || best.fills >= 2 * found[1].fills else { return nil }
    return (best.constant, best.fills)
  }

  /// 32-bit words of a page that become zero in blocks that do not: zero is the most frequent word of kernel memory that is
  /// not poisoned. Relative, as all that fills say.
  ///
  /// - Returns: how many; nil if zero is not the most frequent word in at least two of a block's four places.
  func zeroWords(_ page: Int, constant: Block) -> Int? {
    if shapes[page].isNoise { return nil }
    var total = 0
    var places = 0
    for lane in 0..<4 {
      var words: [UInt32] = []
      for index in region.blockRange(ofPage: page) where region.blocks[index] != constant {
        words.append((region.blocks[index] ^ constant).word(lane))
      }
      words.sort()
      var zeros = 0
      var others = 0
      words.forEachRun { word, count in
        if word == 0 { zeros = count } else { others = max(others, count) }
      }
      if zeros >= 4, zeros >= others { places += 1 }
      if zeros >= others { total += zeros }
    }
    return places >= 2 && total >= PageShape.fewestRepetitions ? total : nil
  }

  /// Whether a page is full of one block that is no fill under a constant. That says nothing of the constant, which may be
  /// proven by other pages, and much of the page.
  func isForeign(_ page: Int, constant: Block) -> Bool {
    shapes[page].isNearlyUnanimous && !FillPattern.explains(shapes[page].mode, constant: constant)
  }

  /// Whether a page makes sense as it is, and more than under a constant.
  func isSound(_ page: Int, unlike constant: Block) -> Bool {
    if shapes[page].standsOut, FillPattern.isFill(shapes[page].mode) { return true }
    if isText(page, unlike: constant) { return true }
    if let zeros = zeroWords(page, constant: .zero), zeros > zeroWords(page, constant: constant) ?? 0 {
      return true
    }
    let words = words(in: [page], .zero).count
    return words > 0 && words > self.words(in: [page], constant).count
  }

  /// Whether a page can be read as it is, and better than under a constant: nearly all of its bytes are letters, and differ
  /// from block to block. A constant may be letters too, and then all that is zero is; but always the same ones.
  private func isText(_ page: Int, unlike constant: Block) -> Bool {
    let shape = shapes[page]
    let range = region.blockRange(ofPage: page)
    guard !shape.isNoise, !shape.standsOut else { return false }
    let own = letters(in: page, .zero)
    guard own * 16 >= range.count * Block.byteCount * 15 else { return false }
    let isVaried = (0..<Block.byteCount).allSatisfy { place in
      let shift = UInt64(place % 8 * 8)
      let bytes = Set(
        region.blocks[range].map {
          UInt8(truncatingIfNeeded: (place < 8 ? $0.low : $0.high) >> shift)
        })
      return bytes.count >= ContentEvidence.fewestLetters
    }
    return isVaried && own > letters(in: page, constant)
  }

  /// In 256 places of a text there are more different letters.
  private static let fewestLetters = 12

  private func letters(in page: Int, _ constant: Block) -> Int {
    func letters(_ word: UInt64) -> Int {
      (0..<8).count { place in
        let byte = UInt8(truncatingIfNeeded: word >> UInt64(8 * place))
        return (0x20...0x7e).contains(byte) || byte == 0x09 || byte == 0x0a
      }
    }
    return region.blockRange(ofPage: page).reduce(0) { sum, index in
      let block = region.blocks[index] ^ constant
      return sum + letters(block.low) + letters(block.high)
    }
  }

  /// Whether a page makes sense as it is, where nothing says by what it would be off.
  func isSound(_ page: Int) -> Bool {
    isSound(page, unlike: Block(low: ~0, high: ~0))
  }

  /// How many pages have repeated blocks that confirm a constant, and how many deny it.
  func testimony(_ pages: [Int], constant: Block) -> (confirming: Int, denying: Int) {
    var pagesThat = (confirming: 0, denying: 0)
    for page in pages {
      if denies(page, constant: constant) {
        pagesThat.denying += 1
      } else if explained([page], constant: constant).fills > 0 {
        pagesThat.confirming += 1
      }
    }
    return pagesThat
  }

  /// Whether the repeated blocks of a page deny a constant: of a page that was moved by no whole pages one block fits,
  /// and the next ones do not.
  func denies(_ page: Int, constant: Block) -> Bool {
    let (fills, others) = shapes[page].explained(by: constant)
    return fills == 0 ? others > 0 && shapes[page].standsOut : 2 * others > fills
  }

  /// Adds the places of a page's blocks that speak for a constant: fills, free pointers, kernel addresses.
  func count(_ page: Int, constant: Block, in places: inout [Int]) {
    let slots = slabs.places(in: page, constant: constant)
    for index in region.blockRange(ofPage: page) {
      let block = region.blocks[index] ^ constant
      let place = region.placeInPage(index)
      if FillPattern.isFill(block) || slots.contains(place) || isAddress(block.low) || isAddress(block.high) {
        places[place] += 1
      }
    }
  }

  /// Blocks that become zero.
  func zeroBlocks(_ pages: [Int], constant: Block) -> Int {
    pages.reduce(0) { sum, page in
      sum + region.blocks[region.blockRange(ofPage: page)].count { $0 == constant }
    }
  }
}
