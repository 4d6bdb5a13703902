internal import DumpMemory

/// Where a kernel keeps the order of a compound page, and how it marks those of hugetlbfs: in the
/// `struct page` behind the head's.
enum CompoundLayout {
  /// From 6.6: the low byte of `folio._flags_1`. hugetlb is a type of the head page from 6.9, a bit beside
  /// the order before.
  case secondFlags(hugetlb: PageType?, hugetlbBit: UInt64)
  /// 4.16 to 6.5: a byte each for order and destructor. Offsets are from the second page.
  case bytes(order: Int, destructor: Int, hugetlb: UInt64?)
  /// 4.4 to 4.15: 16 bits each.
  case words(order: Int, destructor: Int, hugetlb: UInt64?)
  /// Before 4.4: order in `lru.prev`, destructor function in `lru.next`.
  case pointers(order: Int, destructor: Int, hugetlb: UInt64?)
  /// Compound pages cannot be told from single ones; each page is judged alone.
  case unknown

  /// Goes by what VMCOREINFO exports; the release decides only where that leaves two possibilities.
  ///
  /// compound_order and compound_dtor, or folio._folio_order and _folio_dtor, are exported from 4.6 (and by updates
  /// of 4.4 and 4.5) to 6.5; compound_head (compound_info) from 4.6 on.
  init(_ kernel: KernelFacts, pageSize: Int) {
    let info = kernel.info
    let destructor = info.number("HUGETLB_PAGE_DTOR").map { UInt64(bitPattern: $0) }
    if let number = info.number("PAGE_HUGETLB_MAPCOUNT_VALUE") {
      self = .secondFlags(hugetlb: PageType(number), hugetlbBit: 0)
    } else if let bit = info.number("PG_hugetlb"), (8..<64).contains(bit) {
      self = .secondFlags(hugetlb: nil, hugetlbBit: 1 << UInt64(bit))
    } else if let order = info.offset("folio._folio_order"), let type = info.offset("folio._folio_dtor"),
      order >= pageSize, type >= pageSize
    {
      self = .bytes(order: order - pageSize, destructor: type - pageSize, hugetlb: destructor)
    } else if let order = info.offset("page.compound_order"), let type = info.offset("page.compound_dtor") {
      // The two are neighbours: how far apart they are is how large the first of them is.
      self =
        abs(order - type) == 1
        ? .bytes(order: order, destructor: type, hugetlb: destructor)
        : .words(order: order, destructor: type, hugetlb: destructor)
    } else if info.offset("page.compound_head") != nil || info.offset("page.compound_info") != nil,
      ["page.compound_order", "page.compound_dtor", "folio._folio_order", "folio._folio_dtor"]
        .allSatisfy({ info.offset($0) == nil }), destructor == nil
    {
      // 6.6 and later without hugetlbfs: nothing tells its pages, and there are none.
      self = .secondFlags(hugetlb: nil, hugetlbBit: 0)
    } else if !Self.hasCompoundHead(kernel), let lru = info.offset("page.lru") {
      self = .pointers(
        order: lru + (info.offset("list_head.prev") ?? 8),
        destructor: lru + (info.offset("list_head.next") ?? 0),
        hugetlb: info.symbol("free_huge_page")?.rawValue)
    } else {
      self = .unknown
    }
    if farthestByte > pageSize { self = .unknown }
  }

  /// How far into the second page the layout reaches.
  private var farthestByte: Int {
    switch self {
    case .secondFlags, .unknown: 0
    case .bytes(let order, let destructor, _): max(order, destructor) + 1
    case .words(let order, let destructor, _): max(order, destructor) + 2
    case .pointers(let order, let destructor, _): max(order, destructor) + 8
    }
  }

  /// Whether a tail page's word names its head, which 4.4 brought; 4.4 and 4.5 do not export where.
  ///
  /// The address of hugetlbfs's destructor was exported before, its number since. Without hugetlbfs neither is, and
  /// the release decides.
  static func hasCompoundHead(_ kernel: KernelFacts) -> Bool {
    let info = kernel.info
    if info.offset("page.compound_head") != nil || info.offset("page.compound_info") != nil { return true }
    if info.number("HUGETLB_PAGE_DTOR") != nil || info.offset("page.compound_order") != nil { return true }
    if info.symbol("free_huge_page") != nil || info.number("PG_head_mask") == nil { return false }
    return kernel.version >= KernelVersion(4, minor: 4)
  }
}
