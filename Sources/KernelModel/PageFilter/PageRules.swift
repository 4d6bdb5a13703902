internal import DumpMemory

/// What the fields of this kernel's `struct page` mean.
///
/// The rules are those of collectors since Linux 3.10, with these differences: a page with PG_hwpoison is left
/// out even where it is the tail of a compound page; PG_slab is looked at only where the kernel has that flag
/// (before 6.10).
struct PageRules {
  /// SIZE(page)
  let pageSize: Int
  let flags: Int
  let mapping: Int
  let mapcount: Int?
  let privateWord: Int?
  /// `compound_head`, `compound_info` from 7.1: bit 0 marks a tail page. Exported since 4.6.
  let compoundHead: Int?

  let lru: UInt64
  let isPrivate: UInt64
  let swapCache: UInt64
  let swapBacked: UInt64
  let head: UInt64
  let slab: UInt64
  let hwpoison: UInt64

  let buddyType: PageType?
  let slabType: PageType?
  let offlineType: PageType?
  let unacceptedType: PageType?
  let compound: CompoundLayout

  /// LENGTH(zone.free_area): orders of the buddy allocator, 11 but for configured kernels.
  let freeOrders: Int

  let greatestCompoundOrder: UInt64
  /// PAGE_MAPPING_ANON (FOLIO_MAPPING_ANON), bit 0 of `mapping`.
  static let anonymous: UInt64 = 1

  init(_ kernel: KernelFacts) throws(KernelError) {
    let info = kernel.info
    guard let pageSize = info.size("page"), let flags = info.offset("page.flags"),
      let mapping = info.offset("page.mapping")
    else { throw .absent("VMCOREINFO lacks SIZE(page), OFFSET(page.flags) or OFFSET(page.mapping)") }
    let mapcount = info.offset("page._mapcount")
    let privateWord = info.offset("page.private")
    // 4.4 and 4.5 have it and do not export it: it is the first word of lru.
    let compoundHead =
      info.offset("page.compound_head") ?? info.offset("page.compound_info")
      ?? (CompoundLayout.hasCompoundHead(kernel) ? info.offset("page.lru") : nil)
    let farthest = max(
      flags + 8, mapping + 8, (mapcount ?? 0) + 4, (privateWord ?? 0) + 8, (compoundHead ?? 0) + 8)
    guard (32...1024).contains(pageSize), farthest <= pageSize else {
      throw .malformed("a member of struct page lies outside of its \(pageSize) bytes")
    }

    func bit(_ name: String) -> UInt64? {
      info.number(name).flatMap { (0..<64).contains($0) ? 1 << UInt64($0) : nil }
    }
    func type(_ name: String) -> PageType? {
      mapcount == nil ? nil : info.number(name).map { PageType($0) }
    }
    guard let lru = bit("PG_lru"), let isPrivate = bit("PG_private"), let swapCache = bit("PG_swapcache")
    else { throw .absent("VMCOREINFO lacks NUMBER(PG_lru), (PG_private) or (PG_swapcache)") }

    greatestCompoundOrder = kernel.machine.greatestCompoundOrder
    self.pageSize = pageSize
    self.flags = flags
    self.mapping = mapping
    self.mapcount = mapcount
    self.privateWord = privateWord
    self.compoundHead = compoundHead
    self.lru = lru
    self.isPrivate = isPrivate
    self.swapCache = swapCache
    // From 4.10 PG_swapcache shares its bit with PG_owner_priv_1, and only with PG_swapbacked means the swap
    // cache. That bit is exported since 4.17; between, it is the sixth above PG_private.
    swapBacked = bit("PG_swapbacked") ?? (swapCache < isPrivate ? isPrivate << 6 : 0)
    // Exported since 3.17; PG_head was bit 14 before.
    head =
      info.number("PG_head_mask").map { UInt64(bitPattern: $0) }
      ?? (compoundHead == nil ? 1 << 14 : 0)
    slabType = type("PAGE_SLAB_MAPCOUNT_VALUE")
    // Where neither is exported, a slab must not be taken for anything else: 7 is its bit before 4.11, and in later
    // kernels that of PG_waiters or PG_slab.
    slab = bit("PG_slab") ?? (slabType == nil ? 1 << 7 : 0)
    hwpoison = bit("PG_hwpoison") ?? 0
    // Not exported at first: -128 since 2.6.39, until 4.17.
    buddyType =
      type("PAGE_BUDDY_MAPCOUNT_VALUE") ?? (compoundHead == nil && mapcount != nil ? PageType(-128) : nil)
    offlineType = type("PAGE_OFFLINE_MAPCOUNT_VALUE")
    unacceptedType = type("PAGE_UNACCEPTED_MAPCOUNT_VALUE")
    compound = CompoundLayout(kernel, pageSize: pageSize)
    freeOrders = min(max(info.length("zone.free_area") ?? 11, 1), 32)
  }

  var knowsFreePages: Bool { buddyType != nil && privateWord != nil }
}
