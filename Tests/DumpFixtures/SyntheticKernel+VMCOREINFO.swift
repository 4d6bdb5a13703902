extension SyntheticKernel {
  /// The text of the note, one `KEY=value` a line.
  public var vmcoreinfoText: String {
    vmcoreinfo.map { "\($0.key)=\($0.value)\n" }.joined()
  }

  /// Replaces the value of a key, or appends a line.
  public func setKey(_ key: String, _ value: String) {
    if let index = vmcoreinfo.firstIndex(where: { $0.key == key }) {
      vmcoreinfo[index].value = value
    } else {
      vmcoreinfo.append((key, value))
    }
  }

  public func setNumber(_ name: String, _ value: Int) {
    setKey("NUMBER(\(name))", String(value))
  }

  public func removeKey(_ key: String) {
    vmcoreinfo.removeAll { $0.key == key }
  }

  public func removeNumber(_ name: String) {
    removeKey("NUMBER(\(name))")
  }

  /// Stores what VMCOREINFO's symbols point to.
  func writeImageData() {
    let image = self.image.lowerBound << 12
    // The text: int3, and no page of zeros.
    memory.store([UInt8](repeating: 0xcc, count: 4096), at: image)
    let names = [
      "Linux", "synthetic", generation.release, "#1 SMP PREEMPT_DYNAMIC synthetic", "x86_64", "(none)",
    ]
    for (index, name) in names.enumerated() {
      let field = utsAddress - text + UInt64(generation.utsNameOffset + index * 65)
      memory.store(Array(name.utf8), at: image + field)
    }
    memory.store(physicalBase, at: image + (physicalBaseSymbol - text))
    if configuration.memoryModel == .flatmem {
      memory.store(structPageAddress(0), at: image + (memMapSymbol - text))
    }
  }

  /// What the generation's kernel exports, in its order.
  func makeVMCOREINFO() -> [(key: String, value: String)] {
    typealias Version = KernelGeneration.Version
    let version = generation.version
    let offsets = generation.offsets
    var lines: [(key: String, value: String)] = []
    func symbol(_ name: String, _ address: UInt64) {
      lines.append(("SYMBOL(\(name))", String(address, radix: 16)))
    }
    func size(_ name: String, _ value: Int) { lines.append(("SIZE(\(name))", String(value))) }
    func offset(_ name: String, _ value: Int) { lines.append(("OFFSET(\(name))", String(value))) }
    func length(_ name: String, _ value: UInt64) { lines.append(("LENGTH(\(name))", String(value))) }
    func number(_ name: String, _ value: Int) { lines.append(("NUMBER(\(name))", String(value))) }

    lines.append(("OSRELEASE", generation.release))
    if version >= Version(5, 9) { lines.append(("BUILD-ID", "eb4fbcd037e7253717950bf2b93bd5566f47c56f")) }
    lines.append(("PAGESIZE", "4096"))
    symbol("init_uts_ns", utsAddress)
    if version >= Version(5, 11) { offset("uts_namespace.name", generation.utsNameOffset) }
    symbol("node_online_map", text + 0x2900)
    symbol("swapper_pg_dir", topTableAddress)
    symbol("_stext", text)
    if version >= Version(6, 9) {
      lines.append(("NUMBER(VMALLOC_START)", "0xffffc90000000000"))
      symbol("vmemmap", vmemmap)
    } else {
      symbol("vmap_area_list", text + 0x2910)
    }
    if configuration.memoryModel == .flatmem {
      symbol("mem_map", memMapSymbol)
      symbol("contig_page_data", text + 0x2a00)
    } else {
      symbol("mem_section", memSectionAddress)
      let isExtreme = configuration.memoryModel == .sparsememExtreme
      length("mem_section", isExtreme ? configuration.rootCount : configuration.memorySections)
      size("mem_section", Int(configuration.sectionStructSize))
      offset("mem_section.section_mem_map", 0)
      if version >= Version(5, 14) { number("SECTION_SIZE_BITS", KernelGeneration.sectionSizeBits) }
      if version >= Version(5, 9) { number("MAX_PHYSMEM_BITS", Int(configuration.maxPhysmemBits)) }
    }
    size("page", KernelGeneration.pageStructSize)
    size("pglist_data", 174_208)
    size("zone", 1536)
    size("free_area", 88)
    size("list_head", 16)
    size("nodemask_t", 128)
    offset("page.flags", offsets.flags)
    offset("page.\(generation.refcountName)", offsets.refcount)
    offset("page.mapping", offsets.mapping)
    offset("page.lru", offsets.lru)
    offset("page._mapcount", offsets.mapcount)
    offset("page.private", offsets.privateWord)
    switch generation.compound {
    case .halfWords(let destructor, let order), .bytes(let destructor, let order):
      offset("page.compound_dtor", destructor)
      offset("page.compound_order", order)
    case .folioBytes(let destructor, let order):
      offset("folio._folio_dtor", destructor)
      offset("folio._folio_order", order)
    case .listWords, .flagsByte, .pageType: break
    }
    if let head = offsets.compoundHead, generation.exportsCompoundHead {
      offset(version >= Version(7, 1) ? "page.compound_info" : "page.compound_head", head)
    }
    offset("zone.free_area", 256)
    offset("zone.vm_stat", 1344)
    offset("free_area.free_list", 0)
    offset("list_head.next", 0)
    offset("list_head.prev", 8)
    length("zone.free_area", UInt64(KernelGeneration.freeAreaLength))
    length("free_area.free_list", 5)
    number("NR_FREE_PAGES", 0)
    appendPageNumbers(number)
    if !generation.exportsHeadMask { return lines + translationLines() }
    if generation.compound == .listWords { symbol("free_huge_page", freeHugePage) }
    return lines + translationLines()
  }

  private func appendPageNumbers(_ number: (String, Int) -> Void) {
    typealias Version = KernelGeneration.Version
    let flags = generation.flags
    let types = generation.types
    number("PG_lru", flags.lru)
    number("PG_private", flags.privateBit)
    number("PG_swapcache", flags.swapcache)
    if generation.exportsSwapbacked { number("PG_swapbacked", flags.swapbacked) }
    if let slab = flags.slab { number("PG_slab", slab) }
    if let slab = types.slab { number("PAGE_SLAB_MAPCOUNT_VALUE", Int(slab)) }
    if generation.exportsHwpoison { number("PG_hwpoison", flags.hwpoison) }
    if generation.exportsHeadMask { number("PG_head_mask", 1 << flags.head) }
    number("PAGE_BUDDY_MAPCOUNT_VALUE", Int(types.buddy))
    switch generation.compound {
    case .halfWords, .bytes, .folioBytes: number("HUGETLB_PAGE_DTOR", KernelGeneration.hugetlbDestructor)
    case .flagsByte(let bit): number("PG_hugetlb", bit)
    case .listWords, .pageType: break
    }
    if let hugetlb = types.hugetlb { number("PAGE_HUGETLB_MAPCOUNT_VALUE", Int(hugetlb)) }
    if let offline = types.offline { number("PAGE_OFFLINE_MAPCOUNT_VALUE", Int(offline)) }
    if let unaccepted = types.unaccepted { number("PAGE_UNACCEPTED_MAPCOUNT_VALUE", Int(unaccepted)) }
  }

  /// What the architecture adds, and what the crash itself does.
  private func translationLines() -> [(key: String, value: String)] {
    typealias Version = KernelGeneration.Version
    let version = generation.version
    var lines: [(key: String, value: String)] = []
    if version >= Version(4, 10) {
      lines.append(("NUMBER(phys_base)", String(physicalBase)))
    } else {
      lines.append(("SYMBOL(phys_base)", String(physicalBaseSymbol, radix: 16)))
    }
    lines.append(("SYMBOL(\(generation.topTableSymbol))", String(topTableAddress, radix: 16)))
    if version >= Version(4, 17) {
      lines.append(("NUMBER(pgtable_l5_enabled)", configuration.levels == 5 ? "1" : "0"))
    }
    lines.append(("SYMBOL(node_data)", String(text + 0x2a80, radix: 16)))
    lines.append(("LENGTH(node_data)", "1024"))
    if version >= Version(3, 14) {
      lines.append(("KERNELOFFSET", String(configuration.kaslrOffset, radix: 16)))
    }
    if version >= Version(4, 10) { lines.append(("NUMBER(KERNEL_IMAGE_SIZE)", "1073741824")) }
    if version >= Version(5, 1) { lines.append(("NUMBER(sme_mask)", String(configuration.smeMask))) }
    lines.append(("CRASHTIME", String(configuration.crashTime)))
    return lines
  }
}
