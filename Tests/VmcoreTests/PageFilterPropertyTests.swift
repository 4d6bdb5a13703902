import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@Suite struct PageFilterPropertyTests {
  @Test(arguments: 0..<UInt64(60))
  func `of any kernel, what its pages were made to be decides`(seed: UInt64) throws {
    let kernel = SyntheticKernel.random(seed: seed)
    var random = SeededGenerator(seed: ~seed)
    let opened = try OpenedVmcore(kernel.vmcore(), prefersMapping: random.oneIn(2))
    for level in [31, Int(random.below(32))] {
      let filtered = try Filtered(opened, kernel.vmcoreinfoText, level: level)
      let expected = kernel.expectedExclusions(level: level)
      let gone = filtered.excluded.subtracting(expected).sorted()
      let kept = expected.subtracting(filtered.excluded).sorted()
      #expect(
        gone.isEmpty, "left out wrongly at level \(level) of \(kernel.generation), \(kernel.configuration)")
      #expect(kept.isEmpty, "kept wrongly at level \(level) of \(kernel.generation), \(kernel.configuration)")
      #expect(filtered.report.examined == UInt64(kernel.ranges.joined().count))
    }
  }

  @Test(arguments: 0..<UInt64(60))
  func `of any words in struct pages, the rules decide one page after another`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var configuration = KernelConfiguration(random.pick(KernelGeneration.all))
    configuration.ram = [0..<1 + random.below(2500)]
    let kernel = SyntheticKernel(configuration)
    for pfn in kernel.ranges.joined() where !kernel.image.contains(pfn) && random.oneIn(2) {
      Self.scramble(kernel, pfn, &random)
    }
    let level = Int(random.below(32))
    let filtered = try Filtered(kernel, level: level)
    let expected = NaivePageFilter(kernel, level: level).excluded.intersection(kernel.ranges.joined())
    let gone = filtered.excluded.subtracting(expected).sorted()
    let kept = expected.subtracting(filtered.excluded).sorted()
    #expect(gone.isEmpty, "left out wrongly at level \(level) of \(kernel.generation)")
    #expect(kept.isEmpty, "kept wrongly at level \(level) of \(kernel.generation)")
  }

  /// Gives a page words that each mean something, together perhaps nothing.
  private static func scramble(_ kernel: SyntheticKernel, _ pfn: UInt64, _ random: inout SeededGenerator) {
    let bits = kernel.generation.flags
    let types = kernel.generation.types
    var flags: UInt64 = 0x0017_ffff_c000_0000
    let candidates = [
      bits.lru, bits.privateBit, bits.swapcache, bits.swapbacked, bits.head, bits.slab ?? 7, 7, bits.hwpoison,
      bits.active, bits.uptodate,
    ]
    for bit in candidates where random.oneIn(bit == bits.hwpoison ? 12 : 3) { flags |= 1 << UInt64(bit) }
    if random.oneIn(2) { flags = flags & ~0xff | random.pick([0, 1, 2, 3, 4, 9, 18, 19, 64, 255]) }
    let mapcounts: [Int32] = [
      -1, -1, 0, 5, types.buddy, types.buddy, types.buddy | 0x12_3456, types.offline ?? -1,
      types.hugetlb ?? -1,
      types.slab ?? -1, types.unaccepted ?? -1, -128, -129,
    ]
    kernel.setRaw(
      pfn, flags: flags,
      mapping: random.pick([0, 0xffff_8880_0000_1000, 0xffff_8880_0000_1001, random.next()]),
      mapcount: random.pick(mapcounts),
      privateWord: random.pick([0, 1, 2, 3, 4, 5, 9, 10, 11, 64, random.next()]))
    kernel.setRaw(pfn, compoundHead: random.oneIn(4) ? random.next() : random.next() & ~1)
  }
}
