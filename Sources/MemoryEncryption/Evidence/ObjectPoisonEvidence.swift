internal import DumpMemory

/// What free objects that are poisoned say of constants.
///
/// With `slub_debug=P` a free object is 0x6b, and 0xa5 in its last byte; its free pointer lies behind it (mm/slub.c,
/// `init_object`, `calculate_sizes`). The first objects of free lists are free for certain.
struct ObjectPoisonEvidence: Sendable {
  private var words: FixedWords

  init(_ region: LowRegion, pages: Set<Int>) {
    words = FixedWords(region, pages: pages, values: [0x6b6b_6b6b_6b6b_6b6b])
    for slab in region.slabs
    where slab.poisonsObjects && slab.firstObject % 8 == 0 && slab.objectSize % 8 == 0 && slab.contentSize > 8
    {
      for index in slab.freeObjects {
        let object = slab.address(of: index)
        words.add(stride(from: object, to: object + (slab.contentSize - 1) & ~7, by: 8))
      }
    }
  }

  /// Whether most of what must be poison in a page is none under a constant.
  func denies(_ page: Int, _ constant: Block) -> Bool { words.denies(page, constant) }
}
