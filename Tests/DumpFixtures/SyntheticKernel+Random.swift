extension SyntheticKernel {
  /// A kernel of random generation, memory model, page tables and memory, with pages of every kind it knows.
  public static func random(seed: UInt64) -> SyntheticKernel {
    var random = SeededGenerator(seed: seed)
    let kernel = SyntheticKernel(.random(&random))
    for range in kernel.configuration.ram { kernel.fill(range, &random) }
    return kernel
  }

  /// Cuts a range of free choice into blocks, and makes each something.
  private func fill(_ range: Range<UInt64>, _ random: inout SeededGenerator) {
    var pfn = range.lowerBound
    while pfn < range.upperBound {
      let aligned = min(pfn == 0 ? 10 : pfn.trailingZeroBitCount, 10)
      var order = Int(random.below(UInt64(aligned + 1)))
      if random.oneIn(2) { order = min(order, 3) }
      while pfn + 1 << UInt64(order) > range.upperBound { order -= 1 }
      make(pfn, order, &random)
      pfn += 1 << UInt64(order)
    }
    for _ in 0..<random.below(4) {
      let pfn = range.lowerBound + random.below(UInt64(range.count))
      // hugetlbfs marks the head, for all of the page; buddies have no single pages to mark.
      if uses[pfn] != .hugetlb && uses[pfn] != .unaccepted { setHWPoison(pfn: pfn) }
    }
  }

  private func make(_ pfn: UInt64, _ order: Int, _ random: inout SeededGenerator) {
    switch random.below(11) {
    case 0, 1: setFree(pfn: pfn, order: order)
    case 2: setCache(pfn: pfn, order: order, hasPrivate: random.oneIn(2))
    case 3: setCache(pfn: pfn, order: order)
    case 4: setAnonymous(pfn: pfn, order: order, shared: random.oneIn(4))
    case 5 where order == 0: setSwapCache(pfn: pfn, anonymous: random.oneIn(2), swapbacked: random.oneIn(2))
    case 6 where order > 0: setHugetlb(pfn: pfn, order: order, anonymous: random.oneIn(2))
    case 7: setSlab(pfn: pfn, order: order, mappingWord: random.oneIn(2) ? random.next() | 1 : nil)
    case 8 where order == 0 && generation.types.offline != nil: setOffline(pfn: pfn)
    case 9 where order == 10 && generation.types.unaccepted != nil: setUnaccepted(pfn: pfn)
    default: setKernelCompound(pfn: pfn, order: order)
    }
  }
}

extension KernelConfiguration {
  static func random(_ random: inout SeededGenerator) -> KernelConfiguration {
    var configuration = KernelConfiguration(random.pick(KernelGeneration.all))
    configuration.memoryModel = random.pick([.sparsememExtreme, .sparsememExtreme, .sparsemem, .flatmem])
    configuration.memMapPlacement = random.pick([.vmemmap, .vmemmap, .directMap])
    let canHaveFiveLevels = configuration.generation.version >= KernelGeneration.Version(4, 17)
    // A plain array of all sections of 52 bits would be larger than the kernel's image can be.
    if canHaveFiveLevels && configuration.memoryModel != .sparsemem && random.oneIn(3) {
      configuration.levels = 5
    }
    configuration.directMapLeaf = random.pick(LeafSize.allCases)
    configuration.vmemmapLeaf = random.pick([.fourKiB, .fourKiB, .oneGiB])
    configuration.textLeaf = random.pick([.fourKiB, .twoMiB, .twoMiB, .oneGiB])
    if configuration.generation.version >= KernelGeneration.Version(5, 1) && random.oneIn(3) {
      configuration.smeMask = 1 << random.pick([47, 51] as [UInt64])
    }
    if configuration.textLeaf != .oneGiB { configuration.kaslrOffset = random.below(200) << 21 }
    configuration.regionOffset = random.below(1000) << 30
    configuration.sectionStructSize = random.pick([16, 32])
    configuration.extraSectionFlags = random.pick([0, 0x10, 0x20, 0x30])
    configuration.seed = random.next()
    configuration.ram = []
    var start = random.oneIn(2) ? 0 : random.below(3000)
    let isFlat = configuration.memoryModel == .flatmem
    for _ in 0..<1 + random.below(4) {
      let count = 1 + random.below(random.oneIn(3) ? 3000 : 400)
      configuration.ram.append(start..<start + count)
      start += count + 1 + random.below(isFlat ? 500 : random.oneIn(3) ? 70_000 : 900)
    }
    return configuration
  }
}
