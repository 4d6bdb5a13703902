import DumpFixtures

/// The page rules, written down once more and as plainly as they can be.
struct NaivePageFilter {
  private(set) var excluded: Set<UInt64> = []
  private let kernel: SyntheticKernel
  private let level: Int

  init(_ kernel: SyntheticKernel, level: Int) {
    self.kernel = kernel
    self.level = level
    var next: UInt64 = 0
    for pfn in kernel.ranges.joined() where pfn >= next { next = pfn + judge(pfn) }
  }

  private func word(_ pfn: UInt64, _ offset: Int) -> UInt64 {
    kernel.structPage(pfn).map { kernel.memory.load($0 + UInt64(offset), as: UInt64.self) } ?? 0
  }

  private func number<T: FixedWidthInteger>(_ pfn: UInt64, _ offset: Int, _ type: T.Type) -> T {
    kernel.structPage(pfn).map { kernel.memory.load($0 + UInt64(offset), as: type) } ?? 0
  }

  /// Frames that one verdict covers, the page's own and those behind it that are not asked any more.
  private mutating func judge(_ pfn: UInt64) -> UInt64 {
    let generation = kernel.generation
    let flags = word(pfn, generation.offsets.flags)
    func has(_ bit: Int) -> Bool { flags >> UInt64(bit) & 1 == 1 }
    let type = number(pfn, generation.offsets.mapcount, Int32.self)

    var count: UInt64 = 1
    var isHugetlb = false
    if has(generation.flags.head), let compound = compound(pfn, type) { (count, isHugetlb) = compound }
    if generation.exportsHwpoison && has(generation.flags.hwpoison) {
      exclude(pfn, isHugetlb ? count : 1, poisoned: true)
    }
    if let offset = generation.offsets.compoundHead, word(pfn, offset) & 1 == 1 { return 1 }

    let isSlab = generation.flags.slab.map(has) ?? false || matches(type, generation.types.slab)
    if level & 16 != 0 && !isSlab && matches(type, generation.types.buddy) {
      let order = word(pfn, generation.offsets.privateWord)
      if order > 10 || pfn % (1 << order) != 0 { return 1 }
      return exclude(pfn, 1 << order)
    }
    if level & 16 != 0 && matches(type, generation.types.unaccepted) { return exclude(pfn, 1 << 10) }

    let isAnonymous = word(pfn, generation.offsets.mapping) & 1 == 1 && !isSlab
    let isSwapCache =
      has(generation.flags.swapcache) && (!generation.swapcacheIsAliased || has(generation.flags.swapbacked))
    let isCache = (has(generation.flags.lru) || isSwapCache) && !isAnonymous
    if level & 2 != 0 && isCache && !has(generation.flags.privateBit) { return exclude(pfn, count) }
    if level & 4 != 0 && isCache { return exclude(pfn, count) }
    if level & 8 != 0 && (isAnonymous || isHugetlb) { return exclude(pfn, count) }
    if !isSlab && matches(type, generation.types.offline) { return exclude(pfn, count) }
    return 1
  }

  private func matches(_ type: Int32, _ wanted: Int32?) -> Bool {
    guard let wanted else { return false }
    return kernel.generation.types.onlyTopByteCounts ? type >> 24 == wanted >> 24 : type == wanted
  }

  private func compound(_ pfn: UInt64, _ type: Int32) -> (count: UInt64, isHugetlb: Bool)? {
    guard pfn % 2 == 0 else { return nil }
    let lru = kernel.generation.offsets.lru
    let order: UInt64
    let isHugetlb: Bool
    switch kernel.generation.compound {
    case .listWords:
      order = word(pfn + 1, lru + 8)
      let destructor = kernel.vmcoreinfo.first { $0.key == "SYMBOL(free_huge_page)" }
      isHugetlb = destructor.map { UInt64($0.value, radix: 16) == word(pfn + 1, lru) } ?? false
    case .halfWords(let destructorOffset, let orderOffset):
      order = UInt64(number(pfn + 1, orderOffset, UInt16.self))
      isHugetlb = number(pfn + 1, destructorOffset, UInt16.self) == 2
    case .bytes(let destructorOffset, let orderOffset):
      order = UInt64(number(pfn + 1, orderOffset, UInt8.self))
      isHugetlb = number(pfn + 1, destructorOffset, UInt8.self) == 2
    case .folioBytes(let destructorOffset, let orderOffset):
      order = UInt64(number(pfn + 1, orderOffset - 64, UInt8.self))
      isHugetlb = number(pfn + 1, destructorOffset - 64, UInt8.self) == 2
    case .flagsByte(let bit):
      order = word(pfn + 1, 0) & 0xff
      isHugetlb = word(pfn + 1, 0) >> UInt64(bit) & 1 == 1
    case .pageType:
      order = word(pfn + 1, 0) & 0xff
      isHugetlb = matches(type, kernel.generation.types.hugetlb)
    }
    // The largest page is 1 GiB.
    return order <= 18 && pfn % (1 << order) == 0 ? (1 << order, isHugetlb) : nil
  }

  @discardableResult
  private mutating func exclude(_ pfn: UInt64, _ count: UInt64, poisoned: Bool = false) -> UInt64 {
    let end = min(pfn + count, kernel.maxMapNumber)
    for frame in pfn..<end where poisoned || !kernel.image.contains(frame) { excluded.insert(frame) }
    return count
  }
}
