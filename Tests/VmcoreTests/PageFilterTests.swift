import DumpFixtures
import DumpMemory
import KernelModel
import Testing

/// Where the kernel's words are missing, wrong or out of reach, the filter keeps pages, and says so.
@Suite struct PageFilterTests {
  // MARK: what looks wrong and is not

  @Test(arguments: [KernelGeneration.v6_1, .v6_12], [23, 31])
  func `a huge page of which the kernel freed struct pages is one page, and no damage`(
    generation: KernelGeneration, level: Int
  ) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setFree(pfn: 8)
    kernel.setHugetlb(pfn: 512)
    func copy(_ pfn: UInt64, to other: UInt64) {
      guard let from = kernel.structPage(pfn), let to = kernel.structPage(other) else { return }
      kernel.memory.store(kernel.memory.bytes(at: from, count: 64), at: to)
    }
    // All pages of struct pages but the first are mapped to the first.
    for pfn in UInt64(512 + 64)..<1024 { copy(512 + pfn % 64, to: pfn) }
    let filtered = try Filtered(kernel, level: level)
    #expect(filtered.report.invalidCompoundOrders == 0)
    #expect(filtered.report.warnings == [])
    #expect(filtered.excluded == kernel.expectedExclusions(level: level))
    // A head that is none is still counted elsewhere.
    kernel.setKernelCompound(pfn: 256, order: 7)
    copy(256, to: 392)
    copy(257, to: 393)
    #expect(try Filtered(kernel, level: level).report.invalidCompoundOrders == 1)
  }

  // MARK: what every reader needs

  @Test(arguments: [KernelGeneration.v6_1, .v6_12])
  func `a rule that would take a page table is not applied, and the others are`(
    generation: KernelGeneration
  ) throws {
    let kernel = SyntheticKernel(generation)
    let entry = try #require(kernel.tableEntry(kernel.structPageAddress(8), level: 1))
    kernel.setCache(pfn: entry >> 12)
    kernel.setCache(pfn: 9)
    kernel.setAnonymous(pfn: 10)
    kernel.setFree(pfn: 8)
    let filtered = try Filtered(kernel, level: 31, keepsNeeded: true)
    #expect(filtered.report.droppedRules == [.cache, .privateCache])
    #expect(filtered.excluded == [8, 10])
    #expect(filtered.report[.cache] == 0 && filtered.report[.user] == 1 && filtered.report[.free] == 1)
    #expect(filtered.report.isDoubtful)
    #expect(filtered.report.warnings.filter { $0.contains("every reader needs") }.count == 2)
    let others = try Filtered(kernel, level: 24, keepsNeeded: true)
    #expect(others.report.droppedRules == [] && others.excluded == [8, 10])
  }

  @Test func `what is faulty is left out though every reader needs it, and no rule is to blame`() throws {
    let kernel = SyntheticKernel(.v6_12)
    let entry = try #require(kernel.tableEntry(kernel.structPageAddress(8), level: 1))
    kernel.setHWPoison(pfn: entry >> 12)
    kernel.setFree(pfn: 8)
    let filtered = try Filtered(kernel, level: 31, keepsNeeded: true)
    #expect(filtered.report.droppedRules == [] && filtered.excluded == [8, entry >> 12])
  }

  @Test func `a kernel without slabs is none`() throws {
    let kernel = SyntheticKernel(.v6_12)
    kernel.setFree(pfn: 8)
    #expect(try Filtered(kernel, level: 31, keepsNeeded: true).report.warnings == [])
    kernel.resetPage(kernel.image.lowerBound)
    #expect(
      try Filtered(kernel, level: 31, keepsNeeded: true).report.warnings.contains {
        $0.contains("no slab was found")
      })
  }

  // MARK: the kernel's image

  @Test(arguments: KernelGeneration.all)
  func `frames of the kernel's image are never left out for what they look like`(
    generation: KernelGeneration
  ) throws {
    let kernel = SyntheticKernel(generation)
    let image = Array(kernel.image)
    kernel.setCache(pfn: image[3])
    kernel.setAnonymous(pfn: image[4])
    kernel.setFree(pfn: image[5])
    kernel.setFree(pfn: 8)
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.excluded == [8])
    #expect(filtered.report.keptInKernelImage == 3)
  }

  @Test func `of a free block that reaches into the image, what lies outside is left out`() throws {
    let kernel = SyntheticKernel(.v6_1)
    let end = kernel.image.upperBound
    // The block of 16 frames around the image's last one.
    let start = (end - 1) / 16 * 16
    kernel.setFree(pfn: start, order: 4)
    let filtered = try Filtered(kernel, level: 16)
    #expect(end % 16 != 0)
    #expect(filtered.excluded == Set(end..<start + 16).intersection(kernel.ranges.joined()))
    #expect(filtered.report.keptInKernelImage == end - start)
  }

  @Test func `a poisoned frame of the image is left out`() throws {
    let kernel = SyntheticKernel(.v6_12)
    let pfn = kernel.image.lowerBound + 4
    kernel.setHWPoison(pfn: pfn)
    #expect(try Filtered(kernel, level: 0).excluded == [pfn])
  }

  @Test(arguments: KernelConfiguration.LeafSize.allCases)
  func `in a core whose segments have no virtual addresses the image is found through the page tables`(
    leaf: KernelConfiguration.LeafSize
  ) throws {
    var configuration = KernelConfiguration(.v6_12)
    configuration.textLeaf = leaf
    let kernel = SyntheticKernel(configuration)
    kernel.setFree(pfn: 8)
    kernel.setFree(pfn: kernel.image.lowerBound + 3)
    var builder = kernel.elf()
    builder.segments = kernel.ranges.map { kernel.segment($0) }
    for index in builder.segments.indices { builder.segments[index].vaddr = 0 }
    #expect(try Filtered(kernel, level: 31, image: builder.build(), hasSymbols: true).excluded == [8])
  }

  @Test func `an image size that is a lie does no harm`() throws {
    let kernel = SyntheticKernel(.v6_12)
    kernel.setFree(pfn: 8)
    kernel.setNumber("KERNEL_IMAGE_SIZE", .max)
    var builder = kernel.elf()
    builder.segments = kernel.ranges.map { kernel.segment($0) }
    #expect(try Filtered(kernel, level: 31, image: builder.build(), hasSymbols: true).excluded == [8])
  }

  // MARK: the memory model

  @Test(arguments: [0x10, 0x20, 0x30] as [UInt64], KernelConfiguration.MemMapPlacement.allCases)
  func `six flag bits of section_mem_map are no part of the address`(
    flags: UInt64, placement: KernelConfiguration.MemMapPlacement
  ) throws {
    var configuration = KernelConfiguration(.v6_16)
    configuration.extraSectionFlags = flags
    configuration.memMapPlacement = placement
    let kernel = SyntheticKernel(configuration)
    kernel.setFree(pfn: 8, order: 3)
    kernel.setAnonymous(pfn: 40)
    #expect(try Filtered(kernel, level: 31).excluded == Set(8..<16).union([40]))
  }

  @Test func `a section without mem_map keeps its pages and is reported`() throws {
    var configuration = KernelConfiguration(.v6_12)
    configuration.ram = [0..<512, 65536..<66048]
    let kernel = SyntheticKernel(configuration)
    kernel.setFree(pfn: 8)
    kernel.setFree(pfn: 65536)
    let entry = try #require(kernel.sectionEntry(0))
    kernel.memory.store(UInt64(0), at: entry)
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.excluded == [65536])
    #expect(filtered.report.warnings.count == 1)
    #expect(filtered.report.warnings.first?.contains("512 pages") == true)
  }

  @Test(arguments: [0, 1, 2, 0xdead_0000_0000_0001, 0x1234_5678_0000_0003] as [UInt64])
  func `a word that is no section_mem_map makes a section without mem_map`(word: UInt64) throws {
    var configuration = KernelConfiguration(.v6_12)
    configuration.ram = [0..<512, 65536..<66048]
    let kernel = SyntheticKernel(configuration)
    kernel.setFree(pfn: 8)
    kernel.setFree(pfn: 65536)
    kernel.memory.store(word, at: try #require(kernel.sectionEntry(0)))
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.excluded == [65536])
    #expect(!filtered.report.warnings.isEmpty)
  }

  @Test func `mem_section may be given as the address of the pointer to the array`() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.setFree(pfn: 8)
    let pointer = kernel.text + 0x2f00
    kernel.memory.store(kernel.memSectionAddress, at: try #require(kernel.translate(pointer)))
    kernel.setKey("SYMBOL(mem_section)", String(pointer, radix: 16))
    #expect(try Filtered(kernel, level: 31).excluded == [8])
  }

  @Test func `SPARSEMEM_EXTREME is recognised without LENGTH of mem_section`() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.setFree(pfn: 8)
    kernel.removeKey("LENGTH(mem_section)")
    #expect(try Filtered(kernel, level: 31).excluded == [8])
  }

  @Test func `struct pages that cannot be read keep their frames and are counted`() throws {
    let kernel = SyntheticKernel(.v6_12)
    kernel.setFree(pfn: 8)
    kernel.setFree(pfn: 600)
    let entry = try #require(kernel.tableEntry(kernel.structPageAddress(0), level: 1))
    kernel.memory.store(UInt64(0), at: entry)
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.excluded == [600])
    #expect(filtered.report.unreadableStructPages == 512)
    #expect(!filtered.report.warnings.isEmpty)
  }

  // MARK: VMCOREINFO

  /// Keys without which pages cannot be judged at all.
  @Test(arguments: [
    "SIZE(page)", "OFFSET(page.flags)", "OFFSET(page.mapping)", "NUMBER(PG_lru)", "NUMBER(PG_private)",
    "NUMBER(PG_swapcache)", "SYMBOL(mem_section)", "SIZE(mem_section)", "OFFSET(mem_section.section_mem_map)",
  ])
  func `without a key that judging needs everything is kept and the reason is said`(key: String) throws {
    let kernel = SyntheticKernel(.v6_12)
    kernel.setFree(pfn: 8)
    kernel.removeKey(key)
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.excluded.isEmpty)
    #expect(filtered.report.warnings.count == 1)
  }

  /// Whether a key says something of `struct page`.
  private static func isPageKey(_ key: String) -> Bool {
    key.hasPrefix("OFFSET(page.") || key.hasPrefix("OFFSET(folio.") || key.hasPrefix("NUMBER(P")
      || key == "LENGTH(zone.free_area)" || key == "SYMBOL(free_huge_page)"
      || key == "NUMBER(HUGETLB_PAGE_DTOR)"
  }

  @Test(arguments: KernelGeneration.all)
  func `no missing key makes the filter leave out more`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setCache(pfn: 16, order: 4)
    kernel.setCache(pfn: 3, hasPrivate: true)
    kernel.setSwapCache(pfn: 5, swapbacked: false)
    kernel.setAnonymous(pfn: 64, order: 5)
    kernel.setKernelCompound(pfn: 144, order: 3)
    kernel.setSlab(pfn: 152, order: 3, mappingWord: 0xffff_8880_0000_0001)
    kernel.setFree(pfn: 512, order: 8)
    kernel.setHugetlb(pfn: 0, order: 0)
    let whole = try Filtered(kernel, level: 31).excluded
    let opened = try OpenedVmcore(kernel.vmcore())
    // Without these a slab cannot be told from other pages, and nothing replaces them.
    var untellable = ["NUMBER(PG_slab)", "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)"]
    if generation.types.slab != nil { untellable.append("OFFSET(page._mapcount)") }
    // Nor can tails be told where neither compound_head nor the list that it shares a word with is exported.
    if !generation.exportsCompoundHead { untellable.append("OFFSET(page.lru)") }
    for key in kernel.vmcoreinfo.map(\.key) where Self.isPageKey(key) && !untellable.contains(key) {
      let lines = kernel.vmcoreinfo.filter { $0.key != key }.map { "\($0.key)=\($0.value)\n" }
      let more = try Filtered(opened, lines.joined(), level: 31).excluded.subtracting(whole).sorted()
      #expect(more.isEmpty, "without \(key)")
    }
  }

  @Test(arguments: ["OSRELEASE", "SYMBOL(init_top_pgt)"])
  func `without release or page tables there is no kernel to speak of`(key: String) throws {
    let kernel = SyntheticKernel(.v6_12)
    kernel.removeKey(key)
    #expect(throws: KernelError.self) { _ = try Filtered(kernel, level: 31) }
  }

  @Test func `another page size than 4096 is refused`() throws {
    let kernel = SyntheticKernel(.v6_12)
    kernel.setKey("PAGESIZE", "65536")
    #expect(throws: KernelError.self) { _ = try Filtered(kernel, level: 31) }
  }

  @Test func `a result without any free page is reported`() throws {
    let kernel = SyntheticKernel(.v6_12)
    kernel.setAnonymous(pfn: 3)
    #expect(try Filtered(kernel, level: 31).report.warnings.contains { $0.contains("free page") })
    #expect(try Filtered(kernel, level: 15).report.warnings.isEmpty)
  }

  @Test func `without the buddy allocator's mark free pages are kept and that is reported`() throws {
    let kernel = SyntheticKernel(.v6_12)
    kernel.setFree(pfn: 8)
    kernel.removeNumber("PAGE_BUDDY_MAPCOUNT_VALUE")
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.excluded.isEmpty)
    #expect(!filtered.report.warnings.isEmpty)
  }

  @Test(arguments: [0, 8, 33, 1 << 30])
  func `a size of struct page that cannot hold its members keeps everything`(size: Int) throws {
    let kernel = SyntheticKernel(.v6_12)
    kernel.setFree(pfn: 8)
    kernel.setKey("SIZE(page)", String(size))
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.excluded.isEmpty)
    #expect(filtered.report.warnings.count == 1)
  }
}
