/// A crashed x86_64 kernel made up in memory: page tables, memory model, `struct page` array, VMCOREINFO.
///
/// It is written from what kernels do, and shares no code with what reads it. Physical memory has the pages
/// of the configuration, then the kernel's own: image, page tables, sections and `struct page`s, all of which
/// have a `struct page` themselves. Nothing is in use but by the kernel until a test says so.
public final class SyntheticKernel {
  public let configuration: KernelConfiguration
  public var generation: KernelGeneration { configuration.generation }
  public let memory: PhysicalPages

  /// All pfns that a PT_LOAD of the direct map covers, in ascending order.
  public private(set) var ranges: [Range<UInt64>] = []
  /// The kernel image's pfns.
  public let image: Range<UInt64>
  /// Virtual address of the image's first byte, `_stext`.
  public let text: UInt64
  /// PAGE_OFFSET.
  public let pageOffset: UInt64
  /// VMEMMAP_START.
  public let vmemmap: UInt64
  /// Virtual address of the roots or sections, or of the pointer `mem_map`.
  public private(set) var memSectionAddress: UInt64 = 0
  public private(set) var memMapSymbol: UInt64 = 0
  public let utsAddress: UInt64
  let physicalBaseSymbol: UInt64

  /// What each page was made to be; a page without an entry is `.kernel`.
  public internal(set) var uses: [UInt64: PageUse] = [:]
  /// The pfns whose PG_hwpoison is set.
  public internal(set) var poisoned: Set<UInt64> = []

  /// The lines of VMCOREINFO: key and value, in the kernel's order.
  public var vmcoreinfo: [(key: String, value: String)] = []

  /// A `struct page` of nothing in particular.
  let idlePage: [UInt8]
  /// Pages that `struct page`s are in: by pfn / 64 with vmemmap, else by section or 0.
  private var memMap: [UInt64: UInt64] = [:]
  private var populated: [Range<UInt64>] = []
  private let internalBase: UInt64
  private let internalEnd: UInt64
  private var nextInternal: UInt64
  private var recycled: [UInt64] = []
  private let tables: PageTableBuilder
  private var sectionEntries: [UInt64: UInt64] = [:]

  static let startKernelMap: UInt64 = 0xffff_ffff_8000_0000
  /// struct pages of a page of memory.
  private static let structsPerPage: UInt64 = 64
  /// Pages of a subsection: what vmemmap is populated by since 5.3, 32 KiB of struct pages.
  private static let subsection: UInt64 = 512

  public init(_ configuration: KernelConfiguration) {
    self.configuration = configuration
    precondition(configuration.levels == 4 || configuration.levels == 5)
    let ramEnd = configuration.ram.map(\.upperBound).max() ?? 0
    let base = Self.roundUp(ramEnd, 512)
    internalBase = base
    internalEnd = base + Self.capacity(configuration, base: base)

    let userRAM = configuration.ram
    let patterned = configuration.patternedMemory
    memory = PhysicalPages { pfn in patterned && userRAM.contains { $0.contains(pfn) } }

    idlePage = Self.idlePage(configuration.generation.offsets)
    pageOffset =
      configuration.generation.pageOffset(levels: configuration.levels) &+ configuration.regionOffset
    vmemmap = configuration.generation.vmemmap(levels: configuration.levels) &+ configuration.regionOffset
    // A 1 GiB leaf leaves no choice of phys_base: the offset inside the leaf is the physical one.
    let textOffset =
      configuration.textLeaf == .oneGiB ? base << 12 : 0x100_0000 + configuration.kaslrOffset
    text = Self.startKernelMap + textOffset
    utsAddress = text + 0x2100
    physicalBaseSymbol = text + 0x2808

    let arrayPages = Self.sectionArrayPages(configuration, end: internalEnd)
    image = base..<base + 3 + configuration.spareImagePages + arrayPages
    nextInternal = image.upperBound
    tables = PageTableBuilder(
      memory: memory, levels: configuration.levels, smeMask: configuration.smeMask, top: (base + 1) << 12)

    populateMemMap()
    buildSections(arrayPages: arrayPages)
    mapEverything()
    writeImageData()
    for range in ranges {
      for pfn in range { resetPage(pfn) }
    }
    // No kernel is without slabs.
    setSlab(pfn: image.lowerBound)
    vmcoreinfo = makeVMCOREINFO()
  }

  /// A kernel of a generation with defaults for everything else.
  public convenience init(_ generation: KernelGeneration) {
    self.init(KernelConfiguration(generation))
  }

  // MARK: addresses

  /// phys_base: what is added to an address of the kernel map, less its start; may be negative.
  public var physicalBase: Int64 {
    Int64(image.lowerBound << 12) - Int64(text - Self.startKernelMap)
  }

  /// Physical address of the top page table.
  public var topTable: UInt64 { tables.top }

  /// Virtual address of the top page table in the kernel map.
  public var topTableAddress: UInt64 { text + 0x1000 }

  /// Virtual address of a page's `struct page`.
  public func structPageAddress(_ pfn: UInt64) -> UInt64 {
    if usesVmemmap { return vmemmap &+ pfn &* 64 }
    let key = configuration.memoryModel == .flatmem ? 0 : pfn / KernelGeneration.pagesPerSection
    let first = key * KernelGeneration.pagesPerSection
    guard let block = memMap[key] else { return 0 }
    return pageOffset &+ block << 12 &+ (pfn - first) * 64
  }

  /// Physical address of a page's `struct page`, nil where no memory holds it.
  public func structPage(_ pfn: UInt64) -> UInt64? {
    guard populated.contains(where: { $0.contains(pfn) }) else { return nil }
    if usesVmemmap {
      guard let page = memMap[pfn / Self.structsPerPage] else { return nil }
      return page << 12 + pfn % Self.structsPerPage * 64
    }
    return structPageAddress(pfn) &- pageOffset
  }

  /// Physical address of the entry of a page-table level (1 is the last) that translates a virtual address.
  public func tableEntry(_ vaddr: UInt64, level: Int) -> UInt64? {
    tables.entry(for: vaddr, level: level)
  }

  /// The physical address of a virtual one, by the processor's rules.
  public func translate(_ vaddr: UInt64) -> UInt64? {
    tables.translate(vaddr)
  }

  /// Maps one more leaf.
  public func map(vaddr: UInt64, paddr: UInt64, leaf: KernelConfiguration.LeafSize) {
    tables.map(vaddr: vaddr, paddr: paddr, leaf: leaf, allocateTable: allocateTable)
    refreshRanges()
  }

  /// Physical address of a section's `struct mem_section`, for sections with memory.
  public func sectionEntry(_ section: UInt64) -> UInt64? {
    sectionEntries[section]
  }

  /// The pfns that have a `struct page`, in ascending order.
  public var populatedRanges: [Range<UInt64>] { populated }

  public func isMemory(_ pfn: UInt64) -> Bool {
    ranges.contains { $0.contains(pfn) }
  }

  /// One more than the highest pfn that a PT_LOAD covers.
  public var maxMapNumber: UInt64 { ranges.last?.upperBound ?? 0 }

  var usesVmemmap: Bool {
    configuration.memoryModel != .flatmem && configuration.memMapPlacement == .vmemmap
  }

  // MARK: building

  private func allocate(_ count: UInt64, alignedTo alignment: UInt64) -> Range<UInt64> {
    if count == 1, let page = recycled.popLast() { return page..<page + 1 }
    let first = Self.roundUp(nextInternal, alignment)
    recycled.append(contentsOf: nextInternal..<first)
    nextInternal = first + count
    precondition(nextInternal <= internalEnd, "the synthetic kernel's own memory is too small")
    return first..<nextInternal
  }

  /// Decides which pfns have a `struct page`, and where it lies.
  private func populateMemMap() {
    var present = configuration.ram
    present.append(internalBase..<internalEnd)
    if configuration.memoryModel == .flatmem {
      populated = [0..<internalEnd]
      memMap[0] = allocate(Self.roundUp(internalEnd, 64) / 64, alignedTo: 1).lowerBound
      return
    }
    if !usesVmemmap {
      populated = Self.coalesce(present.map { Self.round($0, Self.subsection) })
      for section in sections(of: populated) {
        let end = populated.map { min($0.upperBound, (section + 1) * KernelGeneration.pagesPerSection) }
          .filter { $0 > section * KernelGeneration.pagesPerSection }.max()!
        let structs = end - section * KernelGeneration.pagesPerSection
        memMap[section] = allocate(Self.roundUp(structs, 64) / 64, alignedTo: 1).lowerBound
      }
      return
    }
    switch configuration.vmemmapLeaf {
    case .fourKiB:
      populated = Self.coalesce(present.map { Self.round($0, Self.subsection) })
      let keys = populated.flatMap {
        $0.lowerBound / Self.structsPerPage..<$0.upperBound / Self.structsPerPage
      }
      var pages = Array(allocate(UInt64(keys.count), alignedTo: 1))
      var generator = SeededGenerator(seed: configuration.seed)
      pages.shuffle(using: &generator)
      for (key, page) in zip(keys, pages) { memMap[key] = page }
    case .twoMiB:
      // A 2 MiB leaf of vmemmap is the struct pages of one whole section.
      populated = Self.coalesce(present.map { Self.round($0, KernelGeneration.pagesPerSection) })
      for section in sections(of: populated) {
        let block = allocate(512, alignedTo: 512)
        for page in 0..<UInt64(512) { memMap[section * 512 + page] = block.lowerBound + page }
      }
    case .oneGiB:
      // struct page of p at giga + p * 64, and so are those of the pages that hold them, and so on.
      let giga = Self.roundUp(internalEnd, 1 << 18)
      populated = Self.coalesce(present.map { Self.round($0, Self.subsection) })
      while true {
        let holders = populated.map {
          giga + $0.lowerBound / Self.structsPerPage..<giga + $0.upperBound / Self.structsPerPage
        }
        let all = Self.coalesce(populated + holders.map { Self.round($0, Self.subsection) })
        if all == populated {
          ranges = Self.coalesce(holders)
          break
        }
        populated = all
      }
      for range in populated {
        for key in range.lowerBound / Self.structsPerPage..<range.upperBound / Self.structsPerPage {
          memMap[key] = giga + key
        }
      }
    }
  }

  private func sections(of ranges: [Range<UInt64>]) -> [UInt64] {
    var sections: Set<UInt64> = []
    for range in ranges where !range.isEmpty {
      let size = KernelGeneration.pagesPerSection
      sections.formUnion(range.lowerBound / size...(range.upperBound - 1) / size)
    }
    return sections.sorted()
  }

  private func buildSections(arrayPages: UInt64) {
    guard configuration.memoryModel != .flatmem else {
      memMapSymbol = text + 0x2800
      return
    }
    let imageArray = image.upperBound - arrayPages
    let imageArrayAddress = text + (imageArray - image.lowerBound) << 12
    var roots: [UInt64: UInt64] = [:]
    let rootArray: UInt64
    if configuration.memoryModel == .sparsemem {
      rootArray = 0
      memSectionAddress = imageArrayAddress
    } else if generation.hasStaticSectionRoots {
      rootArray = imageArray << 12
      memSectionAddress = imageArrayAddress
    } else {
      rootArray =
        allocate(Self.roundUp(configuration.rootCount * 8, 4096) / 4096, alignedTo: 1).lowerBound << 12
      memSectionAddress = pageOffset &+ rootArray
    }
    for section in sections(of: populated) {
      let entry: UInt64
      if configuration.memoryModel == .sparsemem {
        entry = imageArray << 12 + section * configuration.sectionStructSize
      } else {
        let root = section / configuration.sectionsPerRoot
        if roots[root] == nil {
          let page = allocate(1, alignedTo: 1).lowerBound << 12
          memory.store(pageOffset &+ page, at: rootArray + root * 8)
          roots[root] = page
        }
        entry = roots[root]! + section % configuration.sectionsPerRoot * configuration.sectionStructSize
      }
      sectionEntries[section] = entry
      let first = section * KernelGeneration.pagesPerSection
      let coded = structPageAddress(first) &- first &* 64
      memory.store(coded | generation.sectionFlags | configuration.extraSectionFlags, at: entry)
      // usage (pageblock_flags before 5.3): a pointer that a reader has no business with.
      memory.store(pageOffset &+ image.lowerBound << 12, at: entry + 8)
    }
  }

  private func mapEverything() {
    tables.map(
      vaddr: text, paddr: image.lowerBound << 12, size: UInt64(image.count) << 12,
      leaf: configuration.textLeaf,
      allocateTable: allocateTable)
    for range in configuration.ram + ranges + [internalBase..<internalEnd] {
      tables.map(
        vaddr: pageOffset &+ range.lowerBound << 12, paddr: range.lowerBound << 12,
        size: UInt64(range.count) << 12, leaf: configuration.directMapLeaf, allocateTable: allocateTable)
    }
    if usesVmemmap {
      let perLeaf = configuration.vmemmapLeaf.rawValue >> 12
      var mapped: Set<UInt64> = []
      for (key, page) in memMap.sorted(by: { $0.key < $1.key }) where mapped.insert(key / perLeaf).inserted {
        tables.map(
          vaddr: vmemmap &+ (key - key % perLeaf) << 12, paddr: (page - key % perLeaf) << 12,
          leaf: configuration.vmemmapLeaf, allocateTable: allocateTable)
      }
    }
    refreshRanges()
  }

  private func allocateTable() -> UInt64 {
    allocate(1, alignedTo: 1).lowerBound << 12
  }

  private func refreshRanges() {
    let extra = ranges.filter { $0.lowerBound >= internalEnd }
    ranges = Self.coalesce(configuration.ram + extra + [internalBase..<nextInternal])
  }

  private static func capacity(_ configuration: KernelConfiguration, base: UInt64) -> UInt64 {
    let sections = sectionCount(end: base) + 2
    var pages: UInt64 = 1024 + configuration.spareImagePages
    if configuration.levels == 5 { pages += 1024 }
    pages += UInt64(configuration.ram.count) * 8
    pages += configuration.ram.reduce(0) { $0 + UInt64($1.count) / 32 }
    switch configuration.memoryModel {
    case .flatmem: pages += base / 64 + 64
    case .sparsemem: pages += sections * configuration.sectionStructSize / 4096
    case .sparsememExtreme: break
    }
    if configuration.memoryModel != .flatmem {
      let touched =
        UInt64(
          configuration.ram.reduce(into: Set<UInt64>()) {
            guard !$1.isEmpty else { return }
            let size = KernelGeneration.pagesPerSection
            $0.formUnion($1.lowerBound / size...($1.upperBound - 1) / size)
          }.count) + 2
      if configuration.memMapPlacement == .directMap || configuration.vmemmapLeaf == .twoMiB {
        pages += (touched + 1) * 512
      }
    }
    return roundUp(pages, subsection)
  }

  /// Pages of the image that its array of sections, or of pointers to sections, fills.
  private static func sectionArrayPages(_ configuration: KernelConfiguration, end: UInt64) -> UInt64 {
    switch configuration.memoryModel {
    case .flatmem: 0
    case .sparsemem: roundUp(sectionCount(end: end + 1 << 18) * configuration.sectionStructSize, 4096) / 4096
    case .sparsememExtreme:
      configuration.generation.hasStaticSectionRoots ? roundUp(configuration.rootCount * 8, 4096) / 4096 : 0
    }
  }

  private static func sectionCount(end: UInt64) -> UInt64 {
    roundUp(end, KernelGeneration.pagesPerSection) / KernelGeneration.pagesPerSection
  }

  static func roundUp(_ value: UInt64, _ multiple: UInt64) -> UInt64 {
    (value + multiple - 1) / multiple * multiple
  }

  private static func round(_ range: Range<UInt64>, _ multiple: UInt64) -> Range<UInt64> {
    range.lowerBound / multiple * multiple..<roundUp(range.upperBound, multiple)
  }

  static func coalesce(_ ranges: [Range<UInt64>]) -> [Range<UInt64>] {
    var out: [Range<UInt64>] = []
    for range in ranges.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = out.last, range.lowerBound <= last.upperBound {
        out[out.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        out.append(range)
      }
    }
    return out
  }
}
