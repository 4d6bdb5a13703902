import DumpFixtures
import Foundation
import Testing

@Suite struct SyntheticKernelTests {
  @Test(arguments: KernelGeneration.all, KernelConfiguration.MemoryModel.allCases)
  func `every struct page is found by the processor's walk`(
    generation: KernelGeneration, model: KernelConfiguration.MemoryModel
  ) throws {
    var configuration = KernelConfiguration(generation)
    configuration.memoryModel = model
    let kernel = SyntheticKernel(configuration)
    for range in kernel.ranges {
      for pfn in range {
        let direct = try #require(kernel.structPage(pfn))
        #expect(kernel.translate(kernel.structPageAddress(pfn)) == direct)
        #expect(kernel.isMemory(direct >> 12))
      }
    }
    #expect(kernel.translate(kernel.topTableAddress) == kernel.topTable)
  }

  @Test(arguments: [4, 5], KernelConfiguration.LeafSize.allCases)
  func `every level of page tables and every leaf is built`(
    levels: Int, leaf: KernelConfiguration.LeafSize
  ) throws {
    var configuration = KernelConfiguration(.v6_12)
    configuration.levels = levels
    configuration.vmemmapLeaf = leaf
    configuration.directMapLeaf = leaf
    configuration.textLeaf = leaf
    configuration.smeMask = 1 << 47
    configuration.ram = [0..<600, 40_000..<40_100]
    let kernel = SyntheticKernel(configuration)
    for range in kernel.ranges {
      for pfn in range {
        let direct = try #require(kernel.structPage(pfn))
        #expect(kernel.translate(kernel.structPageAddress(pfn)) == direct)
        #expect(kernel.isMemory(direct >> 12))
        #expect(kernel.translate(kernel.pageOffset &+ pfn << 12) == pfn << 12)
      }
    }
    if let out = ProcessInfo.processInfo.environment["SYNTH_OUT"] {
      try Data(kernel.vmcore().bytes).write(to: URL(fileURLWithPath: "\(out)/s\(levels)-\(leaf)"))
    }
  }
}
