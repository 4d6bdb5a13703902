import DumpFixtures
import DumpMemory
import KernelModel

@testable import MemoryEncryption

/// A few pages of noise at 0x10000, and what a test puts into them: all that a rule needs to see, and nothing else.
struct LowPages {
  static let start: UInt64 = 0x10000
  static let directMap: UInt64 = 0xffff_8880_0000_0000
  /// Less than chance ever meets.
  static let pointerTargets = [directMap..<directMap + 0x4000_0000]

  var blocks: [Block]
  var slabs: [LowSlab] = []
  var random: SeededGenerator

  init(_ count: Int, seed: UInt64 = 1) {
    var random = SeededGenerator(seed: seed)
    blocks = (0..<count * 256).map { _ in Block(low: random.next(), high: random.next()) }
    self.random = random
  }

  /// A block, by its page and its place there.
  subscript(page: Int, place: Int) -> Block {
    get { blocks[page * 256 + place] }
    set { blocks[page * 256 + place] = newValue }
  }

  mutating func fill(_ page: Int, _ places: some Sequence<Int>, _ block: Block) {
    for place in places { self[page, place] = block }
  }

  mutating func setHalf(_ page: Int, _ place: Int, isHigh: Bool, _ word: UInt64) {
    if isHigh { self[page, place].high = word } else { self[page, place].low = word }
  }

  /// A slab of eight objects of 512 bytes in a page, whose objects in use hold noise.
  ///
  /// - Parameters:
  ///   - free: the objects of its free list, the first first; those whose `next` a test wants to be right.
  ///   - constant: what the page is off by.
  mutating func addSlab(
    _ page: Int, free: [Int], isHigh: Bool = false, hardening: UInt64? = 0x1f3c_99d2_7e55_a0b7,
    constant: Block
  ) {
    let slab = LowSlab(
      start: PhysicalAddress(LowPages.start + UInt64(page) << 12), byteCount: 4096, objectSize: 512,
      pointerOffset: isHigh ? 264 : 256, random: hardening, directMap: LowPages.directMap)
    slabs.append(slab)
    for (index, object) in free.enumerated() where index + 1 < free.count {
      setPointer(page, object, to: free[index + 1], constant: constant)
    }
  }

  /// - Parameter target: nil is the end of the list.
  mutating func setPointer(_ page: Int, _ object: Int, to target: Int?, constant: Block) {
    let slab = slabs.last { $0.start.rawValue == LowPages.start + UInt64(page) << 12 }!
    let slot = slab.slot(object)
    let isHigh = slot % 16 != 0
    let coded = slab.coded(target.map { slab.pointer(to: $0) } ?? 0, slot: slot)
    setHalf(
      page, Int(slot & 0xfff) / 16, isHigh: isHigh, coded ^ (isHigh ? constant.high : constant.low))
  }

  mutating func next() -> Block { Block(low: random.next(), high: random.next()) }

  func region(pointerTargets: [Range<UInt64>] = LowPages.pointerTargets) -> LowRegion {
    let bytes = blocks.flatMap { block in
      [block.low, block.high].flatMap { word in
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
      }
    }
    var region = LowRegion(
      bytes: bytes.span.bytes, start: PhysicalAddress(LowPages.start), attribute: .encrypted)!
    region.slabs = slabs
    region.pointerTargets = pointerTargets
    return region
  }

  func evidence(pointerTargets: [Range<UInt64>] = LowPages.pointerTargets) -> ContentEvidence {
    ConstantSolver(region(pointerTargets: pointerTargets)).content
  }
}
