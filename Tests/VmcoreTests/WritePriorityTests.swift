import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@Suite struct WritePriorityTests {
  private struct Groups {
    var pfns: [WritePriority.Group: Set<UInt64>] = [:]
    let problem: String?

    init(_ kernel: SyntheticKernel, level: DumpLevel, affordsSet: Bool = true) throws {
      let opened = try OpenedVmcore(kernel.vmcore())
      let crashed = try KernelFacts(VMCOREINFO(kernel.vmcoreinfoText), loads: opened.memory.loads)
      let order = try WritePriority(
        Kernel(crashed, of: opened.memory), level: level, affordsSet: affordsSet, progress: { _, _ in })
      problem = order.problem
      let frames = try opened.memory.framesInFile()
      for group in WritePriority.Group.allCases {
        var next = order.next(group, from: PFN(0), of: frames)
        while let pfn = next {
          pfns[group, default: []].insert(pfn.rawValue)
          next = order.next(group, from: pfn.advanced(by: 1), of: frames)
        }
      }
    }

    subscript(group: WritePriority.Group) -> Set<UInt64> { pfns[group] ?? [] }
  }

  @Test(arguments: 0..<UInt64(40))
  func `of any kernel, every page is in one group, and in that of its use`(seed: UInt64) throws {
    let kernel = SyntheticKernel.random(seed: seed)
    let groups = try Groups(kernel, level: [])
    let all = Set(kernel.ranges.joined())
    #expect(groups.problem == nil)
    #expect(groups.pfns.values.reduce(0) { $0 + $1.count } == all.count)
    #expect(groups.pfns.values.reduce(into: Set()) { $0.formUnion($1) } == all)
    #expect(groups[.foundation].isSuperset(of: kernel.image))
    #expect(groups[.foundation].contains(kernel.topTable >> 12))
    let structPages = Set(kernel.ranges.joined().compactMap { kernel.structPage($0).map { $0 >> 12 } })
    let map = groups[.memoryMap]
    #expect(map == structPages.intersection(all).subtracting(groups[.foundation]))
    let excluded = kernel.expectedExclusions(level: 31)
    let rest = all.subtracting(groups[.foundation]).subtracting(map)
    #expect(groups[.other] == rest.intersection(excluded))
    #expect(groups[.kernel] == rest.subtracting(excluded))
  }

  @Test(arguments: [1, 3, 5])
  func `page tables of every level are part of the foundation`(section: UInt64) throws {
    var configuration = KernelConfiguration(.v6_12)
    configuration.levels = 5
    configuration.directMapLeaf = .fourKiB
    let kernel = SyntheticKernel(configuration)
    let foundation = try Groups(kernel, level: [])[.foundation]
    for level in 2...5 {
      let entry = try #require(kernel.tableEntry(kernel.pageOffset &+ section << 21, level: level))
      #expect(foundation.contains(entry >> 12 & 0xff_ffff_ffff), "the table that level \(level) leads to")
    }
  }

  @Test func `at level 31 what is kept is the kernel's`() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.setFree(pfn: 8, order: 3)
    let groups = try Groups(kernel, level: .needingMemoryMap)
    #expect(groups[.other].isEmpty && groups.problem == nil)
    #expect(groups[.kernel].isSuperset(of: [8, 9, 20]))
    #expect(!groups[.foundation].isEmpty && !groups[.memoryMap].isEmpty)
  }

  @Test func `where pages cannot be told apart it says why, and the foundation is still first`() throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.setFree(pfn: 8, order: 3)
    let poor = try Groups(kernel, level: [], affordsSet: false)
    #expect(poor.problem?.contains("memory") == true && poor[.other].isEmpty)
    #expect(poor[.kernel].contains(8) && poor[.foundation].isSuperset(of: kernel.image))
    kernel.vmcoreinfo.removeAll { $0.key == "OFFSET(page.mapping)" }
    let unknown = try Groups(kernel, level: [])
    #expect(unknown.problem?.contains("page.mapping") == true && unknown[.other].isEmpty)
    #expect(unknown[.foundation].isSuperset(of: kernel.image))
  }
}
