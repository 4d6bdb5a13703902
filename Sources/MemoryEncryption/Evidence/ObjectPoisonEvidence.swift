internal import DumpMemory

/// What free objects that are poisoned say of constants.
///
/// With `slub_debug=P` an object is 0x6b while it is free, and 0xa5 in its last byte; its free pointer lies behind it (mm/slub.c,
/// `init_object`, `calculate_sizes`). Some are free for certain; which others are, their page says under the constant in question:
/// objects that free pointers lead to, and those between red zones of free ones.
struct ObjectPoisonEvidence: Sendable {
  private static let poison: UInt64 = 0x6b6b_6b6b_6b6b_6b6b
  /// SLUB_RED_INACTIVE; the zones of an object in use are 0xcc (include/linux/poison.h).
  private static let freeZone: UInt64 = 0xbbbb_bbbb_bbbb_bbbb

  private let region: LowRegion
  private let slabs: [LowSlab]

  init(_ region: LowRegion) {
    self.region = region
    slabs = region.slabs.filter {
      $0.poisonsObjects && $0.firstObject % 8 == 0 && $0.objectSize % 8 == 0 && $0.contentSize > 8
    }
  }

  /// Whether most of what must be poison in a page is none under a constant.
  func denies(_ page: Int, constant: Block) -> Bool {
    var words = FixedWords(region, pages: [page], values: [Self.poison])
    for slab in slabs {
      for index in freeObjects(of: slab, in: page, constant) {
        let object = slab.address(of: index)
        words.add(stride(from: object, to: object + (slab.contentSize - 1) & ~7, by: 8))
      }
    }
    return words.denies(page, constant: constant)
  }

  /// Objects that are free if a constant is right: of others than this page nobody knows what they are off by.
  private func freeObjects(of slab: LowSlab, in page: Int, _ constant: Block) -> Set<Int> {
    func word(_ address: UInt64) -> UInt64? {
      region.page(of: PhysicalAddress(address)) == page
        ? region.word(at: address, without: constant) : nil
    }
    func liesInFreeZones(_ object: UInt64) -> Bool {
      slab.firstObject > 0 && slab.zone(before: object).allSatisfy { word($0) == Self.freeZone }
        && slab.zone(behind: object).allSatisfy { word($0) ?? Self.freeZone == Self.freeZone }
    }
    var free = Set(
      slab.objects(at: region.address(ofPage: page), LowRegion.pageBytes).filter {
        slab.freeObjects.contains($0) || liesInFreeZones(slab.address(of: $0))
      })
    // What a list leads to is free too; one that was damaged may be a ring.
    var ends = Array(free)
    while let end = ends.popLast() {
      let slot = slab.slot(end)
      if let stored = word(slot), let next = slab.object(at: slab.coded(stored, slot: slot)),
        free.insert(next).inserted
      {
        ends.append(next)
      }
    }
    return free
  }
}
