internal import DumpMemory

/// What the zones around a slab's objects say of constants.
///
/// With `slub_debug=Z` each object has one in front of it and one behind what is its user's, all of them 0xbb while the object is
/// free and 0xcc while it is used (mm/slub.c, `init_object`; include/linux/poison.h). `red_left_pad` is only set with it.
struct RedZoneEvidence: Sendable {
  private var words: FixedWords

  init(_ region: LowRegion, pages: Set<Int>) {
    words = FixedWords(region, pages: pages, values: [0xbbbb_bbbb_bbbb_bbbb, 0xcccc_cccc_cccc_cccc])
    for slab in region.slabs
    where slab.firstObject > 0 && slab.firstObject % 8 == 0 && slab.objectSize % 8 == 0 {
      for index in 0..<slab.objectCount {
        let object = slab.address(of: index)
        words.add(slab.zone(before: object))
        words.add(slab.zone(behind: object))
      }
    }
  }

  /// Whether most of a page's zones are none under a constant.
  func denies(_ page: Int, constant: Block) -> Bool { words.denies(page, constant: constant) }
}
