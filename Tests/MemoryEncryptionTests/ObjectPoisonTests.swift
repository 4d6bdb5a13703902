import DumpMemory
import Testing

@testable import MemoryEncryption

/// Which objects of a slab are known to be free, and so must be poisoned.
@Suite struct ObjectPoisonTests {
  private static let constant = Block(low: 0x1932_55e0_91a4_77d3, high: 0xc40b_8e13_5f27_69a8)
  /// What tells the zones of free objects from those of used ones.
  private static let exchange = FillPattern.block(of: 0xbb ^ 0xcc)

  /// A page with five objects of slub_debug=FZP, as the dump has it: noise but for what a test puts there.
  private struct Page {
    var pages = LowPages(1)
    var slab: LowSlab

    init() {
      slab = LowSlab(
        start: PhysicalAddress(LowPages.start), byteCount: 4096, objectSize: 704, firstObject: 64,
        pointerOffset: 520, random: 0x1f3c_99d2_7e55_a0b7, directMap: LowPages.directMap)
      slab.contentSize = 512
      slab.zoneEnd = 520
      slab.poisonsObjects = true
    }

    mutating func put(_ word: UInt64, at address: UInt64) {
      let isHigh = address % 16 != 0
      let constant = ObjectPoisonTests.constant
      pages.setHalf(
        0, Int(address & 0xfff) / 16, isHigh: isHigh, word ^ (isHigh ? constant.high : constant.low))
    }

    mutating func poison(_ object: Int) {
      let first = slab.address(of: object)
      for address in stride(from: first, to: first + 512, by: 8) { put(0x6b6b_6b6b_6b6b_6b6b, at: address) }
      put(0xa56b_6b6b_6b6b_6b6b, at: first + 504)
    }

    mutating func lead(_ object: Int, to next: Int?) {
      let slot = slab.slot(object)
      put(slab.coded(next.map { slab.pointer(to: $0) } ?? 0, slot: slot), at: slot)
    }

    mutating func setZones(_ object: Int, front: UInt64, behind: UInt64) {
      let first = slab.address(of: object)
      for address in slab.zone(before: first) { put(front, at: address) }
      for address in slab.zone(behind: first) { put(behind, at: address) }
    }

    func denies(_ constant: Block = ObjectPoisonTests.constant) -> Bool {
      var pages = pages
      pages.slabs = [slab]
      return ObjectPoisonEvidence(pages.region()).denies(0, constant: constant)
    }
  }

  private static let free: UInt64 = 0xbbbb_bbbb_bbbb_bbbb
  private static let used: UInt64 = 0xcccc_cccc_cccc_cccc

  @Test func `What a free list leads to is free as well`() {
    var page = Page()
    page.slab.setFree(lists: [1], inUse: 1)
    page.poison(1)
    #expect(!page.denies())
    page.lead(1, to: 4)
    page.lead(4, to: 0)
    // Two of three are noise.
    #expect(page.denies())
    page.poison(4)
    page.poison(0)
    #expect(!page.denies())
    // A ring ends, too.
    page.lead(0, to: 1)
    #expect(!page.denies())
  }

  @Test func `Objects between red zones of free ones are free, those of used ones prove nothing`() {
    var page = Page()
    for object in 0..<5 { page.setZones(object, front: Self.used, behind: Self.used) }
    #expect(!page.denies())
    // Under the constant that makes those of free ones of them.
    #expect(page.denies(Self.constant ^ Self.exchange))
    page.setZones(3, front: Self.free, behind: Self.free)
    #expect(page.denies())
    page.poison(3)
    #expect(!page.denies())
  }

  @Test func `Both zones say that an object is free, whole`() {
    var page = Page()
    page.setZones(3, front: Self.free, behind: Self.used)
    #expect(!page.denies())
    page.setZones(3, front: Self.free, behind: Self.free)
    page.put(0xbbbb_bbbb_bbbb_bb5a, at: page.slab.address(of: 3) - 24)
    #expect(!page.denies())
    page.put(Self.free, at: page.slab.address(of: 3) - 24)
    #expect(page.denies())
  }

  @Test func `All objects are free where none is in use`() {
    var page = Page()
    page.poison(2)
    page.slab.setFree(lists: [2], inUse: 3)
    #expect(page.slab.freeObjects == [2] && !page.denies())
    page.slab.setFree(lists: [2], inUse: 0)
    #expect(page.slab.freeObjects == Set(0..<5) && page.denies())
    for object in 0..<5 { page.poison(object) }
    #expect(!page.denies())
    // With one on a processor's list some are in use; without any list the slab is being made.
    page.slab.setFree(lists: [2, 3], inUse: 0)
    #expect(page.slab.freeObjects == [2, 3])
    page.slab.setFree(lists: [], inUse: 0)
    #expect(page.slab.freeObjects.isEmpty)
  }

  @Test func `A slab has as many objects as sizes fit, and a page those that reach into it`() {
    // kmalloc-8 with slub_debug=FZP: zone, object, zone, free pointer.
    var slab = LowSlab(
      start: PhysicalAddress(0x10000), byteCount: 4096, objectSize: 32, firstObject: 8, pointerOffset: 16,
      directMap: LowPages.directMap)
    #expect(slab.objectCount == 128)
    #expect(slab.object(at: slab.pointer(to: 127)) == 127)
    #expect(slab.object(at: slab.pointer(to: 128)) == nil)
    slab.byteCount = 0x3000
    slab.objectSize = 704
    #expect(slab.objects(at: PhysicalAddress(0x10000), 4096) == 0..<6)
    #expect(slab.objects(at: PhysicalAddress(0x11000), 4096) == 5..<12)
    #expect(slab.objects(at: PhysicalAddress(0x12000), 4096) == 11..<17)
    #expect(slab.objects(at: PhysicalAddress(0xf000), 4096).isEmpty)
    #expect(slab.objects(at: PhysicalAddress(0x13000), 4096).isEmpty)
  }
}
