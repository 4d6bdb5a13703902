internal import Vmcore

/// What free objects that are poisoned say of constants.
///
/// With `slub_debug=P` a free object is 0x6b, and 0xa5 in its last byte; its free pointer lies behind it (mm/slub.c,
/// `init_object`, `calculate_sizes`). The first objects of free lists are free for certain.
struct ObjectPoisonEvidence: Sendable {
  private static let poison: UInt64 = 0x6b6b_6b6b_6b6b_6b6b

  private let region: LowRegion
  /// By page, the addresses of words that are poison as a whole.
  private let words: [Int: [UInt64]]

  init(_ region: LowRegion, pages: Set<Int>) {
    var words: [Int: [UInt64]] = [:]
    for slab in region.slabs
    where slab.poisonsObjects && slab.firstObject % 8 == 0 && slab.objectSize % 8 == 0 && slab.contentSize > 8
    {
      for index in slab.freeObjects {
        let object = slab.address(of: index)
        for address in stride(from: object, to: object + (slab.contentSize - 1) & ~7, by: 8) {
          guard let page = region.page(of: PhysicalAddress(address)), pages.contains(page) else { continue }
          words[page, default: []].append(address)
        }
      }
    }
    self.region = region
    self.words = words
  }

  /// Whether most of what must be poison in a page is none under a constant.
  func denies(_ page: Int, _ constant: Block) -> Bool {
    guard let words = words[page] else { return false }
    let right = words.count { address in
      guard let word = region.word(at: address) else { return true }
      return word ^ (address % 16 == 0 ? constant.low : constant.high) == ObjectPoisonEvidence.poison
    }
    return 2 * right < words.count
  }
}
