/// Whether pages are off by more than one constant, as they are where memory was moved by a part of a page.
///
/// Moved by s blocks, the block at place p is off by `T` of `p ^ (p + s)`. So the places of a page fall into parts that have
/// a constant each, and the parts are the same in all pages. Constants that depend on each other make parts alike, and one
/// constant may then be right for most of each page.
struct ShiftEvidence: Sendable {
  /// The parts of one shift, by place, and how many there are.
  private struct Shift: Sendable {
    let parts: [Int]
    let count: Int

    init(_ shift: Int) {
      var numbers: [Int: Int] = [:]
      parts = (0..<LowRegion.blocksPerPage).map { place in
        let moved = place + shift
        // Beyond the end of the page the rest of the address changes as well.
        let part =
          (place ^ moved % LowRegion.blocksPerPage) * 2 + (moved < LowRegion.blocksPerPage ? 0 : 1)
        if let number = numbers[part] { return number }
        numbers[part] = numbers.count
        return numbers.count - 1
      }
      count = numbers.count
    }
  }

  private static let shifts = (1..<LowRegion.blocksPerPage).map { Shift($0) }
  /// Blocks of a part that agree. Fewer do by chance, and by what objects hold.
  private static let fewestBlocks = 8
  private static let mostPages = 16

  private let region: LowRegion
  private let shapes: [PageShape]

  init(_ detector: Detector) {
    region = detector.region
    shapes = detector.shapes
  }

  /// Whether of the pages with fills most have, for one and the same shift, a part that is off by something else.
  func isShifted(_ pages: [(page: Int, constant: Block)]) -> Bool {
    var fillPages = 0
    var irregular: [(page: Int, constant: Block)] = []
    for (page, constant) in pages {
      let (fills, others) = shapes[page].explained(by: constant)
      if fills == 0 { continue }
      fillPages += 1
      if others > 0 { irregular.append((page, constant)) }
    }
    guard 2 * irregular.count > fillPages else { return false }
    // Some of them tell as much as all.
    let step = max(irregular.count / ShiftEvidence.mostPages, 1)
    let sample = stride(from: 0, to: irregular.count, by: step).map { irregular[$0] }
    var speaking = [Int](repeating: 0, count: ShiftEvidence.shifts.count)
    for (page, constant) in sample {
      let kinds = kinds(of: page, constant)
      for (index, shift) in ShiftEvidence.shifts.enumerated() where speaks(kinds, for: shift) {
        speaking[index] += 1
      }
    }
    return speaking.contains { 2 * $0 * irregular.count > fillPages * sample.count }
  }

  /// Whether blocks speak for constants in two parts of the page at least, whatever the shift.
  ///
  /// - Parameter places: how many do, by place.
  func isExcluded(by places: [Int]) -> Bool {
    ShiftEvidence.shifts.allSatisfy { shift in
      var counts = [Int](repeating: 0, count: shift.count)
      for (place, count) in places.enumerated() { counts[shift.parts[place]] += count }
      return counts.count { $0 >= ShiftEvidence.fewestBlocks } >= 2
    }
  }

  /// By place: 0 for a fill under the constant, a number for each block that is none and repeats, up to a fill, and nil
  /// for the others.
  private func kinds(of page: Int, _ constant: Block) -> (places: [(place: Int, kind: Int)], count: Int) {
    var counts: [Block: Int] = [:]
    let blocks = region.blockRange(ofPage: page).map { index in
      (place: region.placeInPage(index), block: rest(region.blocks[index] ^ constant))
    }
    for (_, block) in blocks { counts[block, default: 0] += 1 }
    var numbers: [Block: Int] = [.zero: 0]
    var places: [(place: Int, kind: Int)] = []
    for (place, block) in blocks {
      guard block == .zero || counts[block] ?? 0 >= ShiftEvidence.fewestBlocks else { continue }
      let number = numbers[block] ?? numbers.count
      numbers[block] = number
      places.append((place, number))
    }
    return (places, numbers.count)
  }

  /// What is left of a block but for a fill: the same for all that differ by fills.
  private func rest(_ block: Block) -> Block {
    if FillPattern.isFill(block) { return .zero }
    var least = block
    for fill in FillPattern.blocks {
      let other = block ^ fill
      if (other.high, other.low) < (least.high, least.low) { least = other }
    }
    return least
  }

  private func speaks(
    _ kinds: (places: [(place: Int, kind: Int)], count: Int), for shift: Shift
  ) -> Bool {
    var counts = [Int](repeating: 0, count: shift.count * kinds.count)
    for (place, kind) in kinds.places { counts[shift.parts[place] * kinds.count + kind] += 1 }
    var isFilled = false
    var isOff = false
    for part in 0..<shift.count {
      let fills = counts[part * kinds.count]
      var most = 0
      for kind in 1..<max(kinds.count, 1) { most = max(most, counts[part * kinds.count + kind]) }
      if fills >= ShiftEvidence.fewestBlocks, fills > 2 * most { isFilled = true }
      if most >= ShiftEvidence.fewestBlocks, most > 2 * fills { isOff = true }
    }
    return isFilled && isOff
  }
}
