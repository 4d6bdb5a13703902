internal import DumpMemory

/// What the free pointers of slabs say about constants.
struct SlabEvidence: Sendable {
  /// A word of the region that holds a free pointer if its object is free.
  private struct Slot: Sendable {
    let slab: LowSlab
    let index: Int
    let address: UInt64
    let page: Int
    let word: UInt64
    let isHigh: Bool
  }

  private let slots: [Slot]
  private let byPage: [Int: [Slot]]

  /// Blocks' words that may hold free pointers, as indices of 64-bit words from the region's start.
  let words: Set<Int>

  /// Each object is held against each: of 8 bytes there are so many in 32 KiB, the largest slab that SLUB makes unasked
  /// (slub_max_order is 3).
  private static let mostObjects = 4096

  init(_ region: LowRegion, pages: Set<Int>) {
    var slots: [Slot] = []
    var words: Set<Int> = []
    for slab in region.slabs
    where slab.pointerOffset % 8 == 0 && slab.objectSize % 8 == 0 && slab.objectCount <= Self.mostObjects {
      for index in 0..<slab.objectCount {
        let address = slab.slot(index)
        guard let word = region.word(at: address), let page = region.page(of: .init(address)),
          pages.contains(page)
        else { continue }
        slots.append(
          Slot(slab: slab, index: index, address: address, page: page, word: word, isHigh: address % 16 != 0))
        words.insert(Int((address - region.start.rawValue) / 8))
      }
    }
    self.slots = slots
    byPage = Dictionary(grouping: slots) { $0.page }
    self.words = words
  }

  func hasSlots(_ page: Int) -> Bool { byPage[page] != nil }

  /// Free pointers that point to another object of their slab once the constants are taken off, one object by one
  /// pointer only; hardened ones also if they are NULL. Each is a coincidence of some 58 bits of that half of a block.
  func pointers(in pages: some Sequence<Int>, constant: Block) -> (low: Int, high: Int) {
    var targets: Set<UInt64> = []
    var count = (low: 0, high: 0)
    for page in pages {
      for slot in byPage[page] ?? [] where isPointer(slot, constant: constant, targets: &targets) {
        if slot.isHigh { count.high += 1 } else { count.low += 1 }
      }
    }
    return count
  }

  /// The places of the blocks with such pointers.
  func places(in page: Int, constant: Block) -> Set<Int> {
    var targets: Set<UInt64> = []
    let found = (byPage[page] ?? []).filter { isPointer($0, constant: constant, targets: &targets) }
    return Set(found.map { Int($0.address % LowRegion.pageBytes) / Block.byteCount })
  }

  private func isPointer(_ slot: Slot, constant: Block, targets: inout Set<UInt64>) -> Bool {
    let pointer = decoded(slot, constant: constant)
    // Unhardened, NULL is a zero word as any other.
    if pointer == 0 { return slot.slab.random != nil }
    guard let object = slot.slab.object(at: pointer), object != slot.index else { return false }
    return targets.insert(pointer).inserted
  }

  private func decoded(_ slot: Slot, constant: Block) -> UInt64 {
    slot.slab.coded(slot.word ^ (slot.isHigh ? constant.high : constant.low), slot: slot.address)
  }

  /// First objects of free lists that lie in a page and whose free pointer leads nowhere under a constant.
  func brokenLists(in page: Int, constant: Block) -> Int {
    (byPage[page] ?? []).count { slot in
      guard slot.slab.freeObjects.contains(slot.index) else { return false }
      let pointer = decoded(slot, constant: constant)
      return pointer != 0 && slot.slab.object(at: pointer) == nil
    }
  }

  /// Constants whose four words are equal, as those of the first EPYCs are: a stored pointer V and the object P that it
  /// points to then give `hi32(V ^ P) = lo32(V ^ P)`, which is that word, and which chance gives once in 2^32.
  func periodicVotes() -> [PageVote] {
    var votes: [PageVote] = []
    var byPage: [Int: [UInt32: Set<UInt64>]] = [:]
    for slot in slots {
      for target in candidates(slot) {
        let constant = slot.word ^ slot.slab.coded(target, slot: slot.address)
        let low = UInt32(truncatingIfNeeded: constant)
        guard low == UInt32(truncatingIfNeeded: constant >> 32) else { continue }
        byPage[slot.page, default: [:]][low, default: []].insert(target)
      }
    }
    for (page, constants) in byPage.sorted(by: { $0.key < $1.key }) {
      let ranked = constants.sorted { $0.value.count > $1.value.count }
      if ranked.count > 1, ranked[1].value.count == ranked[0].value.count { continue }
      votes.append(
        PageVote(
          page: page, constant: Block(repeating: ranked[0].key), weight: ranked[0].value.count,
          source: .content))
    }
    return votes
  }

  /// Constants of any kind for pages that share one: the value, for each half of a block, under which most free
  /// pointers make sense, if at least three do, one of them NULL, and no other value does as well.
  ///
  /// Without a NULL any shift by whole objects would do as well as the truth.
  func constant(of pages: Set<Int>) -> Block? {
    guard let low = half(of: pages, isHigh: false), let high = half(of: pages, isHigh: true) else {
      return nil
    }
    return Block(low: low, high: high)
  }

  private static let mostCandidates = 400_000

  private func half(of pages: Set<Int>, isHigh: Bool) -> UInt64? {
    let chosen = slots.filter { $0.isHigh == isHigh && pages.contains($0.page) }
    guard chosen.reduce(0, { $0 + $1.slab.objectCount }) <= SlabEvidence.mostCandidates else {
      return nil
    }
    var targets: [UInt64: Set<UInt64>] = [:]
    var nulls: [UInt64: Int] = [:]
    for slot in chosen {
      for target in candidates(slot) where target != 0 {
        targets[slot.word ^ slot.slab.coded(target, slot: slot.address), default: []].insert(target)
      }
      nulls[slot.word ^ slot.slab.coded(0, slot: slot.address), default: 0] += 1
    }
    let scores = targets.compactMap { constant, pointers -> (constant: UInt64, score: Int)? in
      guard pointers.count >= 2, let ends = nulls[constant] else { return nil }
      return (constant, pointers.count + min(ends, pointers.count))
    }.sorted { $0.score > $1.score }
    guard let best = scores.first, scores.count == 1 || scores[1].score < best.score else { return nil }
    return best.constant
  }

  /// What a slot's object may point to. An object is never its own successor.
  private func candidates(_ slot: Slot) -> [UInt64] {
    var targets: [UInt64] = []
    targets.reserveCapacity(slot.slab.objectCount)
    for index in 0..<slot.slab.objectCount where index != slot.index {
      targets.append(slot.slab.pointer(to: index))
    }
    if slot.slab.random != nil { targets.append(0) }
    return targets
  }
}
