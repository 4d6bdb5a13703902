internal import Vmcore

/// What the zones around a slab's objects say of constants.
///
/// With `slub_debug=Z` each object has one in front of it and one behind what is its user's, all of them 0xbb while the object is
/// free and 0xcc while it is used (mm/slub.c, `init_object`; include/linux/poison.h). `red_left_pad` is only set with it.
struct RedZoneEvidence: Sendable {
  private static let patterns: [UInt64] = [0xbbbb_bbbb_bbbb_bbbb, 0xcccc_cccc_cccc_cccc]

  private let region: LowRegion
  /// By page, the addresses of words that lie in a zone.
  private let words: [Int: [UInt64]]

  init(_ region: LowRegion, pages: Set<Int>) {
    var words: [Int: [UInt64]] = [:]
    for slab in region.slabs
    where slab.firstObject > 0 && slab.firstObject % 8 == 0 && slab.objectSize % 8 == 0 {
      for index in 0..<slab.objectCount {
        let object = slab.address(of: index)
        let behind =
          slab.contentSize == 0
          ? stride(from: object, to: object, by: 8)
          : stride(from: object + (slab.contentSize + 7) & ~7, to: object + slab.zoneEnd & ~7, by: 8)
        for address in Array(stride(from: object - slab.firstObject, to: object, by: 8)) + Array(behind) {
          guard let page = region.page(of: PhysicalAddress(address)), pages.contains(page) else { continue }
          words[page, default: []].append(address)
        }
      }
    }
    self.region = region
    self.words = words
  }

  /// Whether most of a page's zones are none under a constant.
  func denies(_ page: Int, _ constant: Block) -> Bool {
    guard let words = words[page] else { return false }
    let right = words.count { address in
      guard let word = region.word(at: address) else { return true }
      return RedZoneEvidence.patterns.contains(word ^ (address % 16 == 0 ? constant.low : constant.high))
    }
    return 2 * right < words.count
  }
}
