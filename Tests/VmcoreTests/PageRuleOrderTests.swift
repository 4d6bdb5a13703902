import DumpFixtures
import DumpMemory
import KernelModel
import Testing

/// The rules where they meet each other, and where other collectors go wrong.
@Suite struct PageRuleOrderTests {
  private static let withHwpoison = KernelGeneration.all.filter(\.exportsHwpoison)
  private static let withTails = KernelGeneration.all.filter { $0.offsets.compoundHead != nil }
  private static let withSlabFlag = KernelGeneration.all.filter { $0.flags.slab != nil }
  private static let withSlabType = KernelGeneration.all.filter { $0.types.slab != nil }
  private static let withTopByte = KernelGeneration.all.filter(\.types.onlyTopByteCounts)
  private static let withWholeWord = KernelGeneration.all.filter { !$0.types.onlyTopByteCounts }
  private static let withOffline = KernelGeneration.all.filter { $0.types.offline != nil }

  // MARK: PG_hwpoison

  @Test(arguments: withHwpoison, [0, 31])
  func `a poisoned tail is left out though its compound page is kept`(
    generation: KernelGeneration, level: Int
  ) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setKernelCompound(pfn: 64, order: 4)
    kernel.setHWPoison(pfn: 69)
    kernel.setFree(pfn: 128)
    let filtered = try Filtered(kernel, level: level)
    #expect(filtered.excluded.subtracting([128]) == [69])
    #expect(filtered.report[.hwpoison] == 1)
  }

  @Test(arguments: withHwpoison)
  func `a poisoned page is left out whatever it is`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setCache(pfn: 3)
    kernel.setAnonymous(pfn: 4)
    kernel.setSlab(pfn: 5)
    kernel.setFree(pfn: 6)
    for pfn in 2...6 as ClosedRange<UInt64> { kernel.setHWPoison(pfn: pfn) }
    let filtered = try Filtered(kernel, level: 0)
    #expect(filtered.excluded == [2, 3, 4, 5, 6])
    #expect(filtered.report[.hwpoison] == 5)
  }

  @Test(arguments: withHwpoison)
  func `of a poisoned hugetlb page all frames are left out`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setHugetlb(pfn: 512)
    kernel.setHWPoison(pfn: 512)
    #expect(try Filtered(kernel, level: 0).excluded == Set(512..<1024))
  }

  @Test func `without PG_hwpoison exported no bit is taken for it`() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.setHWPoison(pfn: 5)
    kernel.removeNumber("PG_hwpoison")
    #expect(try Filtered(kernel, level: 0).excluded.isEmpty)
  }

  // MARK: PG_slab

  @Test(arguments: withSlabType)
  func `where slab is a page type, bit 7 of the flags means nothing`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    let waiters = try #require(generation.flags.waiters)
    #expect(waiters == 7)
    kernel.setAnonymous(pfn: 3)
    kernel.setOffline(pfn: 4)
    kernel.setFree(pfn: 8, order: 2)
    for pfn in [3, 4, 8] as [UInt64] { kernel.setFlag(pfn, bit: waiters) }
    #expect(try Filtered(kernel, level: 31).excluded == [3, 4, 8, 9, 10, 11])
  }

  @Test(arguments: withSlabFlag)
  func `a slab is kept whatever its counters and pointers look like`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    let odd: UInt64 = 0xffff_8880_0000_0001
    kernel.setSlab(pfn: 3, counters: generation.types.buddy, mappingWord: odd)
    kernel.setRaw(3, privateWord: 0)
    if let offline = generation.types.offline { kernel.setSlab(pfn: 4, counters: offline, mappingWord: odd) }
    kernel.setFree(pfn: 8)
    #expect(try Filtered(kernel, level: 31).excluded == [8])
  }

  @Test(arguments: withSlabType)
  func `a slab by page type is kept though its mapping word looks anonymous`(
    generation: KernelGeneration
  ) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setSlab(pfn: 3, mappingWord: 0xffff_8880_0000_0001)
    kernel.setFree(pfn: 8)
    #expect(try Filtered(kernel, level: 31).excluded == [8])
  }

  // MARK: page types

  @Test(arguments: withTopByte)
  func `from 6_12 only the top byte says the type`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    func addData(_ pfn: UInt64, _ type: Int32?) throws {
      kernel.setRaw(pfn, mapcount: try #require(type) | 0x12_3456)
    }
    kernel.setFree(pfn: 8, order: 1)
    try addData(8, generation.types.buddy)
    kernel.setOffline(pfn: 4)
    try addData(4, generation.types.offline)
    kernel.setSlab(pfn: 5, mappingWord: 0xffff_8880_0000_0001)
    try addData(5, generation.types.slab)
    kernel.setHugetlb(pfn: 512)
    try addData(512, generation.types.hugetlb)
    #expect(try Filtered(kernel, level: 31).excluded == Set([4, 8, 9] + Array(512..<1024)))
  }

  @Test(arguments: withTopByte, [0xf2, 0xf3, 0xf6, 0xf8, 0xff] as [UInt32])
  func `types that have no rule are kept`(generation: KernelGeneration, type: UInt32) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setRaw(3, mapcount: Int32(bitPattern: type << 24), privateWord: 0)
    kernel.setFree(pfn: 8)
    #expect(try Filtered(kernel, level: 31).excluded == [8])
  }

  @Test(arguments: withWholeWord)
  func `before 6_12 the whole word says the type`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setFree(pfn: 8)
    kernel.setRaw(3, mapcount: generation.types.buddy ^ 1, privateWord: 0)
    kernel.setRaw(4, mapcount: generation.types.buddy ^ 0x10_0000, privateWord: 0)
    #expect(try Filtered(kernel, level: 31).excluded == [8])
  }

  @Test(arguments: withOffline, [0, 1])
  func `offline pages are left out at every level`(generation: KernelGeneration, level: Int) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setOffline(pfn: 7)
    let filtered = try Filtered(kernel, level: level)
    #expect(filtered.excluded == [7])
    #expect(filtered.report[.offline] == 1)
  }

  @Test(arguments: KernelGeneration.all)
  func `a page type that the kernel does not export keeps its pages`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    if generation.types.offline != nil {
      kernel.setOffline(pfn: 7)
      kernel.removeNumber("PAGE_OFFLINE_MAPCOUNT_VALUE")
    }
    kernel.setFree(pfn: 8)
    #expect(try Filtered(kernel, level: 31).excluded == [8])
  }

  // MARK: the buddy allocator

  @Test(arguments: KernelGeneration.all, [11, 12, 64, 1 << 32, UInt64.max])
  func `a free page of an order that there is not is kept, counted and reported`(
    generation: KernelGeneration, order: UInt64
  ) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setFree(pfn: 16)
    kernel.setFree(pfn: 0)
    kernel.setRaw(0, privateWord: order)
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.excluded == [16])
    #expect(filtered.report.invalidFreeOrders == 1)
    #expect(filtered.report.warnings.count == 1)
  }

  @Test func `a free block that is not aligned to its size is kept and counted`() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.setFree(pfn: 16)
    kernel.setFree(pfn: 18)
    kernel.setRaw(18, privateWord: 2)
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.excluded == [16])
    #expect(filtered.report.invalidFreeOrders == 1)
  }

  @Test func `LENGTH of free_area is the limit of orders`() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.setFree(pfn: 512, order: 4)
    kernel.setFree(pfn: 768, order: 5)
    kernel.setKey("LENGTH(zone.free_area)", "5")
    let filtered = try Filtered(kernel, level: 16)
    #expect(filtered.excluded == Set(512..<528))
    #expect(filtered.report.invalidFreeOrders == 1)
  }

  @Test(arguments: withTails)
  func `a tail is not judged by its other words`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setKernelCompound(pfn: 64, order: 3)
    kernel.setRaw(66, mapping: 0xffff_8880_0000_0001, mapcount: generation.types.buddy, privateWord: 0)
    kernel.setFlag(67, bit: generation.flags.lru)
    kernel.setFree(pfn: 8)
    #expect(try Filtered(kernel, level: 31).excluded == [8])
  }

  @Test(arguments: KernelGeneration.all)
  func `free comes before cache and user in the counts`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setAnonymous(pfn: 8)
    kernel.setRaw(8, mapcount: generation.types.buddy, privateWord: 0)
    let all = try Filtered(kernel, level: 31).report
    #expect(all[.free] == 1)
    #expect(all[.user] == 0)
    let user = try Filtered(kernel, level: 8).report
    #expect(user[.user] == 1)
  }

  // MARK: cache

  @Test(arguments: KernelGeneration.all)
  func `level 4 takes cache without private data too, and counts it as cache`(
    generation: KernelGeneration
  ) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setCache(pfn: 3)
    kernel.setCache(pfn: 4, hasPrivate: true)
    let two = try Filtered(kernel, level: 2)
    #expect(two.excluded == [3])
    let four = try Filtered(kernel, level: 4)
    #expect(four.excluded == [3, 4])
    #expect(four.report[.cache] == 1)
    #expect(four.report[.privateCache] == 1)
  }

  @Test(arguments: KernelGeneration.all)
  func `anonymous pages on the LRU lists are not cache`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setAnonymous(pfn: 3)
    #expect(try Filtered(kernel, level: 6).excluded.isEmpty)
    #expect(try Filtered(kernel, level: 8).excluded == [3])
  }

  @Test(arguments: KernelGeneration.all)
  func `PG_swapcache is cache alone before 4_10, and with PG_swapbacked since`(
    generation: KernelGeneration
  ) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setSwapCache(pfn: 3, swapbacked: true)
    kernel.setSwapCache(pfn: 4, swapbacked: false)
    #expect(try Filtered(kernel, level: 2).excluded == (generation.swapcacheIsAliased ? [3] : [3, 4]))
  }

  // MARK: compound pages

  @Test(arguments: KernelGeneration.all, [19, 63, 64, 255])
  func `a compound page of an impossible order is taken for a single one and counted`(
    generation: KernelGeneration, order: UInt64
  ) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setCache(pfn: 0, order: 4)
    let second = try #require(kernel.structPage(1))
    switch generation.compound {
    case .listWords: kernel.memory.store(order, at: second + UInt64(generation.offsets.lru) + 8)
    case .halfWords(_, let offset): kernel.memory.store(UInt16(order), at: second + UInt64(offset))
    case .bytes(_, let offset): kernel.memory.store(UInt8(order), at: second + UInt64(offset))
    case .folioBytes(_, let offset): kernel.memory.store(UInt8(order), at: second + UInt64(offset - 64))
    case .flagsByte, .pageType: kernel.setRaw(1, flags: order)
    }
    let filtered = try Filtered(kernel, level: 2)
    #expect(filtered.excluded == [0])
    #expect(filtered.report.invalidCompoundOrders == 1)
    #expect(filtered.report.warnings.count == 1)
  }

  @Test(arguments: KernelGeneration.all)
  func `a compound page that is not aligned to its size is taken for a single one`(
    generation: KernelGeneration
  ) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setCache(pfn: 16, order: 4)
    // The head's struct page and its successor, moved to where no block of 16 can begin.
    let source = try #require(kernel.structPage(16))
    let target = try #require(kernel.structPage(34))
    kernel.memory.store(kernel.memory.bytes(at: source, count: 128), at: target)
    #expect(try Filtered(kernel, level: 2).excluded.intersection(32..<64) == [34])
  }

  @Test(arguments: KernelGeneration.all)
  func `a large page may reach over several groups of struct pages`(generation: KernelGeneration) throws {
    var configuration = KernelConfiguration(generation)
    configuration.ram = [0..<8192]
    let kernel = SyntheticKernel(configuration)
    kernel.setAnonymous(pfn: 2048, order: 11)
    kernel.setAnonymous(pfn: 4097)
    #expect(try Filtered(kernel, level: 8).excluded == Set(2048..<4096).union([4097]))
  }

  @Test(arguments: KernelGeneration.all)
  func `hugetlb pages are user data and not cache`(generation: KernelGeneration) throws {
    let kernel = SyntheticKernel(generation)
    kernel.setHugetlb(pfn: 512)
    #expect(try Filtered(kernel, level: 22).excluded.isEmpty)
    let isKnown = kernel.uses[512] == .hugetlb
    #expect(try Filtered(kernel, level: 8).excluded == (isKnown ? Set(512..<1024) : []))
  }
}
