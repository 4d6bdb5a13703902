/// Making pages what a running kernel makes them.
///
/// Every call writes the words that the generation's allocator, page cache or memory manager writes,
/// and notes the intent in `uses`.
extension SyntheticKernel {
  /// Node and zone in the upper bits of the flags word.
  private static let zoneBits: UInt64 = 0x0017_ffff_c000_0000
  /// LIST_POISON1, LIST_POISON2: what list pointers hold that nobody may follow.
  private static let listPoison: [UInt64] = [0xdead_0000_0000_0100, 0xdead_0000_0000_0122]
  /// What tails have in `mapping` since 4.4.
  private static let tailMapping: UInt64 = 0xdead_0000_0000_0400

  private var flagBits: KernelGeneration.PageFlagBits { generation.flags }

  /// An object of the kernel that `mapping` may point to; its low bits are clear.
  private var someObject: UInt64 { pageOffset &+ image.lowerBound << 12 &+ 0x2c0 }

  /// The `struct page` of a page in use by the kernel.
  static func idlePage(_ offsets: KernelGeneration.PageOffsets) -> [UInt8] {
    var page = [UInt8](repeating: 0, count: 64)
    page.storeLittleEndian(zoneBits, at: offsets.flags)
    page.storeLittleEndian(Int32(-1), at: offsets.mapcount)
    page.storeLittleEndian(Int32(1), at: offsets.refcount)
    page.storeLittleEndian(listPoison[0], at: offsets.lru)
    page.storeLittleEndian(listPoison[1], at: offsets.lru + 8)
    return page
  }

  /// A page in use by the kernel, of order 0.
  public func resetPage(_ pfn: UInt64) {
    guard let base = structPage(pfn) else { return }
    memory.store(idlePage, at: base)
    uses[pfn] = nil
    poisoned.remove(pfn)
  }

  /// Overwrites words of a `struct page`, whatever a kernel would make of it; nil leaves a word alone.
  public func setRaw(
    _ pfn: UInt64, flags: UInt64? = nil, mapping: UInt64? = nil, mapcount: Int32? = nil,
    refcount: Int32? = nil,
    privateWord: UInt64? = nil, compoundHead: UInt64? = nil
  ) {
    guard let base = structPage(pfn) else { preconditionFailure("pfn \(pfn) has no struct page") }
    let offsets = generation.offsets
    if let flags { memory.store(flags, at: base + UInt64(offsets.flags)) }
    if let mapping { memory.store(mapping, at: base + UInt64(offsets.mapping)) }
    if let mapcount { memory.store(mapcount, at: base + UInt64(offsets.mapcount)) }
    if let refcount { memory.store(refcount, at: base + UInt64(offsets.refcount)) }
    if let privateWord { memory.store(privateWord, at: base + UInt64(offsets.privateWord)) }
    if let compoundHead, let offset = offsets.compoundHead {
      memory.store(compoundHead, at: base + UInt64(offset))
    }
  }

  /// The flags word of a page.
  public func pageFlags(_ pfn: UInt64) -> UInt64 {
    memory.load(structPage(pfn)! + UInt64(generation.offsets.flags), as: UInt64.self)
  }

  /// Sets one more bit of a page's flags word.
  public func setFlag(_ pfn: UInt64, bit: Int) {
    setRaw(pfn, flags: pageFlags(pfn) | 1 << UInt64(bit))
  }

  /// A free block of 2^order pages in the buddy allocator: only its first page is marked.
  public func setFree(pfn: UInt64, order: Int = 0) {
    for page in block(pfn, order) {
      resetPage(page)
      setRaw(page, refcount: 0)
      uses[page] = .free
    }
    setRaw(pfn, mapcount: generation.types.buddy, privateWord: UInt64(order))
  }

  /// A block of memory that a confidential guest has not accepted yet, which has the largest order.
  public func setUnaccepted(pfn: UInt64) {
    guard let type = generation.types.unaccepted else {
      preconditionFailure("\(generation) has no page type for unaccepted memory")
    }
    for page in block(pfn, KernelGeneration.freeAreaLength - 1) {
      resetPage(page)
      uses[page] = .unaccepted
    }
    setRaw(pfn, mapcount: type)
  }

  /// A page of the page cache, or a large folio of 2^order.
  public func setCache(pfn: UInt64, order: Int = 0, hasPrivate: Bool = false) {
    prepare(pfn, order, .cache(hasPrivate: hasPrivate))
    setRaw(pfn, mapping: someObject, refcount: 2)
    for bit in [flagBits.lru, flagBits.uptodate, flagBits.referenced] { setFlag(pfn, bit: bit) }
    if hasPrivate {
      setFlag(pfn, bit: flagBits.privateBit)
      setRaw(pfn, privateWord: someObject)
    }
  }

  /// An anonymous page, or a transparent huge page of 2^order.
  public func setAnonymous(pfn: UInt64, order: Int = 0, shared: Bool = false) {
    prepare(pfn, order, .anonymous)
    // KSM pages have bit 1 set besides.
    setRaw(pfn, mapping: someObject | (shared ? 3 : 1), mapcount: order == 0 ? 0 : nil)
    for bit in [flagBits.lru, flagBits.swapbacked, flagBits.uptodate] { setFlag(pfn, bit: bit) }
  }

  /// A page in the swap cache. It may be off the LRU lists, as shmem pages on their way to swap are.
  ///
  /// Without PG_swapbacked the bit is the alias that other pages use from 4.10 on, and means nothing here.
  public func setSwapCache(pfn: UInt64, anonymous: Bool = false, swapbacked: Bool = true) {
    let counts = swapbacked || !generation.swapcacheIsAliased
    prepare(pfn, 0, anonymous ? .anonymous : counts ? .cache(hasPrivate: false) : .kernel)
    setRaw(pfn, mapping: someObject | (anonymous ? 1 : 0), mapcount: anonymous ? 0 : nil, privateWord: 0x1234)
    setFlag(pfn, bit: flagBits.swapcache)
    if swapbacked { setFlag(pfn, bit: flagBits.swapbacked) }
  }

  /// A hugetlb page. Where the generation exports nothing to know it by, it counts as the kernel's.
  public func setHugetlb(pfn: UInt64, order: Int = 9, anonymous: Bool = false) {
    let known = generation.compound != .listWords || generation.exportsHeadMask
    prepare(pfn, order, anonymous ? .anonymous : known ? .hugetlb : .kernel, hugetlb: true)
    if anonymous && known {
      for page in block(pfn, order) { uses[page] = .hugetlb }
    }
    setRaw(pfn, mapping: someObject | (anonymous ? 1 : 0))
    setFlag(pfn, bit: flagBits.uptodate)
  }

  /// A slab. `counters` and `mappingWord` are what its allocator keeps in the words that other pages use.
  public func setSlab(pfn: UInt64, order: Int = 0, counters: Int32? = nil, mappingWord: UInt64? = nil) {
    prepare(pfn, order, .slab)
    if let bit = flagBits.slab { setFlag(pfn, bit: bit) }
    if let type = generation.types.slab {
      setRaw(pfn, mapcount: type)
    } else if let counters {
      setRaw(pfn, mapcount: counters)
    }
    setRaw(pfn, mapping: mappingWord ?? someObject)
  }

  /// A compound page of a driver or another user in the kernel.
  public func setKernelCompound(pfn: UInt64, order: Int) {
    prepare(pfn, order, .kernel)
  }

  /// A page that can be migrated and belongs to a driver: bit 1 of `mapping`, and not bit 0.
  public func setMovable(pfn: UInt64) {
    prepare(pfn, 0, .kernel)
    setRaw(pfn, mapping: someObject | 2)
  }

  /// A page that a balloon or virtio-mem took away.
  public func setOffline(pfn: UInt64) {
    guard let type = generation.types.offline else {
      preconditionFailure("\(generation) has no page type for offline pages")
    }
    prepare(pfn, 0, .offline)
    setRaw(pfn, mapcount: type)
  }

  /// Poisons a page, whatever it is besides. Reading it may stop the machine.
  public func setHWPoison(pfn: UInt64) {
    setFlag(pfn, bit: flagBits.hwpoison)
    poisoned.insert(pfn)
  }

  /// Makes a page say that it is a tail of the compound page at `head`.
  public func setCompoundTail(pfn: UInt64, head: UInt64, order: Int) {
    if let bit = flagBits.tail {
      setFlag(pfn, bit: bit)
      // first_page
      setRaw(pfn, privateWord: structPageAddress(head))
    }
    guard generation.offsets.compoundHead != nil else { return }
    // compound_info of 7.1 is a mask from which any tail finds its head.
    let usesMask = generation.version >= KernelGeneration.Version(7, 1)
    let word = usesMask ? ~0 << UInt64(order + 6) | 1 : structPageAddress(head) | 1
    setRaw(pfn, mapping: Self.tailMapping, compoundHead: word)
  }

  private func block(_ pfn: UInt64, _ order: Int) -> Range<UInt64> {
    pfn..<pfn + 1 << UInt64(order)
  }

  private func prepare(_ pfn: UInt64, _ order: Int, _ use: PageUse, hugetlb: Bool = false) {
    precondition(pfn % (1 << UInt64(order)) == 0, "a block is aligned to its size")
    for page in block(pfn, order) {
      resetPage(page)
      if use != .kernel { uses[page] = use }
    }
    if order > 0 { makeCompound(pfn, order, hugetlb: hugetlb) }
  }

  private func makeCompound(_ pfn: UInt64, _ order: Int, hugetlb: Bool) {
    setFlag(pfn, bit: flagBits.head)
    for tail in block(pfn, order).dropFirst() { setCompoundTail(pfn: tail, head: pfn, order: order) }
    guard let second = structPage(pfn + 1) else { preconditionFailure("pfn \(pfn + 1) has no struct page") }
    let destructor = hugetlb ? KernelGeneration.hugetlbDestructor : KernelGeneration.compoundDestructor
    let lru = UInt64(generation.offsets.lru)
    switch generation.compound {
    case .listWords:
      memory.store(hugetlb ? freeHugePage : freeCompoundPage, at: second + lru)
      memory.store(UInt64(order), at: second + lru + 8)
    case .halfWords(let destructorOffset, let orderOffset):
      memory.store(UInt64(0), at: second + lru + 8)
      memory.store(UInt16(destructor), at: second + UInt64(destructorOffset))
      memory.store(UInt16(order), at: second + UInt64(orderOffset))
    case .bytes(let destructorOffset, let orderOffset):
      memory.store(UInt64(0), at: second + lru + 8)
      memory.store(UInt8(destructor), at: second + UInt64(destructorOffset))
      memory.store(UInt8(order), at: second + UInt64(orderOffset))
    case .folioBytes(let destructorOffset, let orderOffset):
      memory.store(UInt64(0), at: second + lru + 8)
      memory.store(UInt8(destructor), at: second + UInt64(destructorOffset - 64))
      memory.store(UInt8(order), at: second + UInt64(orderOffset - 64))
    case .flagsByte(let hugetlbBit):
      let bit: UInt64 = hugetlb ? 1 << UInt64(hugetlbBit) : 0
      setRaw(pfn + 1, flags: Self.zoneBits | UInt64(order) | bit)
    case .pageType:
      setRaw(pfn + 1, flags: Self.zoneBits | UInt64(order))
      if hugetlb { setRaw(pfn, mapcount: generation.types.hugetlb) }
    }
    // From 4.4 to 4.17 the second page's mapping is compound_mapcount: -1 while nobody maps it whole.
    if generation.offsets.compoundHead == 32 { setRaw(pfn + 1, mapping: 0xffff_ffff) }
  }

  /// The addresses of the destructors before 4.4.
  var freeHugePage: UInt64 { text + 0x340 }
  private var freeCompoundPage: UInt64 { text + 0x380 }

  // MARK: what a dump leaves out

  /// Whether a dump of this level leaves a page out, by what it was made to be.
  public func isExcluded(_ pfn: UInt64, level: Int) -> Bool {
    if poisoned.contains(pfn) && generation.exportsHwpoison { return true }
    if image.contains(pfn) { return false }
    return uses[pfn]?.isExcluded(level: level) ?? false
  }
}
