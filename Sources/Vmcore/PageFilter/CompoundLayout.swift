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

  /// Goes by what VMCOREINFO exports first, since distributions carry layouts to older releases.
  init(_ kernel: CrashedKernel, pageSize: Int) {
    let info = kernel.info
    let version = kernel.version
    let destructor = info.number("HUGETLB_PAGE_DTOR").map { UInt64(bitPattern: $0) }
    if let number = info.number("PAGE_HUGETLB_MAPCOUNT_VALUE") {
      self = .secondFlags(hugetlb: PageType(number, kernel: version), hugetlbBit: 0)
    } else if let bit = info.number("PG_hugetlb"), (8..<64).contains(bit) {
      self = .secondFlags(hugetlb: nil, hugetlbBit: 1 << UInt64(bit))
    } else if let order = info.offset("folio._folio_order"), let type = info.offset("folio._folio_dtor"),
      order >= pageSize, type >= pageSize
    {
      self = .bytes(order: order - pageSize, destructor: type - pageSize, hugetlb: destructor)
    } else if let order = info.offset("page.compound_order"), let type = info.offset("page.compound_dtor") {
      self =
        version >= KernelVersion(4, 16)
        ? .bytes(order: order, destructor: type, hugetlb: destructor)
        : .words(order: order, destructor: type, hugetlb: destructor)
    } else if version >= KernelVersion(6, 6) {
      self = .secondFlags(hugetlb: nil, hugetlbBit: 0)
    } else if version < KernelVersion(4, 4), let lru = info.offset("page.lru") {
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
}
