import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@Suite struct PageRuleTests {
  private static let levels = [0, 1, 2, 4, 6, 8, 16, 24, 30, 31]

  /// A kernel with pages of every kind that its generation knows.
  private static func kernel(
    _ generation: KernelGeneration, _ model: KernelConfiguration.MemoryModel = .sparsememExtreme
  ) -> SyntheticKernel {
    var configuration = KernelConfiguration(generation)
    configuration.memoryModel = model
    configuration.ram = [0..<4096]
    let kernel = SyntheticKernel(configuration)
    kernel.setCache(pfn: 10)
    kernel.setCache(pfn: 11, hasPrivate: true)
    kernel.setAnonymous(pfn: 12)
    kernel.setSwapCache(pfn: 13)
    kernel.setSwapCache(pfn: 14, swapbacked: false)
    kernel.setSwapCache(pfn: 15, anonymous: true)
    kernel.setCache(pfn: 16, order: 4)
    kernel.setCache(pfn: 32, order: 2, hasPrivate: true)
    kernel.setAnonymous(pfn: 36, shared: true)
    kernel.setMovable(pfn: 37)
    kernel.setAnonymous(pfn: 64, order: 5)
    kernel.setSlab(pfn: 128, order: 3)
    kernel.setSlab(pfn: 136, order: 0, mappingWord: 0xffff_8880_0000_1001)
    kernel.setKernelCompound(pfn: 144, order: 3)
    kernel.setFree(pfn: 160, order: 0)
    kernel.setFree(pfn: 512, order: 8)
    kernel.setFree(pfn: 768, order: 3)
    kernel.setHugetlb(pfn: 1024, anonymous: true)
    kernel.setHugetlb(pfn: 1536)
    if generation.types.offline != nil { kernel.setOffline(pfn: 180) }
    if generation.types.unaccepted != nil { kernel.setUnaccepted(pfn: 2048) }
    kernel.setFree(pfn: 3072, order: 10)
    return kernel
  }

  @Test(arguments: KernelGeneration.all, KernelConfiguration.MemoryModel.allCases)
  func `every kind of page is left out at its levels and kept at the others`(
    generation: KernelGeneration, model: KernelConfiguration.MemoryModel
  ) throws {
    let kernel = Self.kernel(generation, model)
    let opened = try OpenedVmcore(kernel.vmcore())
    for level in Self.levels {
      let filtered = try Filtered(opened, kernel.vmcoreinfoText, level: level)
      let expected = kernel.expectedExclusions(level: level)
      #expect(
        filtered.excluded == expected,
        """
        level \(level): left out wrongly \(filtered.excluded.subtracting(expected).sorted().prefix(8)), \
        kept wrongly \(expected.subtracting(filtered.excluded).sorted().prefix(8))
        """)
      #expect(filtered.report.warnings.isEmpty)
      #expect(filtered.report.invalidCompoundOrders == 0)
    }
  }

  @Test(arguments: KernelGeneration.all)
  func `pages are counted by the reason that left them out`(generation: KernelGeneration) throws {
    let kernel = Self.kernel(generation)
    let report = try Filtered(kernel, level: 31).report
    let uses = kernel.uses.values
    #expect(report[.cache] == UInt64(uses.count { $0 == .cache(hasPrivate: false) }))
    #expect(report[.privateCache] == UInt64(uses.count { $0 == .cache(hasPrivate: true) }))
    #expect(report[.user] == UInt64(uses.count { $0 == .anonymous || $0 == .hugetlb }))
    #expect(report[.free] == UInt64(uses.count { $0 == .free || $0 == .unaccepted }))
    #expect(report.unaccepted == UInt64(uses.count { $0 == .unaccepted }))
    #expect(report[.offline] == UInt64(uses.count { $0 == .offline }))
    #expect(report[.hwpoison] == 0)
    #expect(report.examined == UInt64(kernel.ranges.reduce(0) { $0 + $1.count }))
  }
}
