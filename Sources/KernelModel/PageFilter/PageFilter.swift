public import DumpMemory
internal import Platform

/// Decides which frames the dump leaves out, in one pass over the mem_map.
public struct PageFilter: ~Copyable {
  private let rules: PageRules
  private let level: DumpLevel
  private let image: PFNRanges
  private let processes: ProcessFrames?
  private let classes: PageClassFrames?
  private var group: MappedBuffer
  private var report: FilterReport
  /// The end of the last compound page that may be without `struct page`s of its own for most of its frames.
  private var hugeEnd = PFN(0)

  /// Frames whose `struct page`s are read at once. No compound page's head is the last of an aligned group, so
  /// the page behind a head is always at hand.
  private static let groupFrames: UInt64 = 512

  private init(
    _ rules: PageRules, level: DumpLevel, image: PFNRanges, processes: ProcessFrames?,
    report: FilterReport, classes: PageClassFrames?
  ) throws(SystemError) {
    let group = try MappedBuffer(byteCount: Int(Self.groupFrames) * rules.pageSize)
    self.group = group
    self.rules = rules
    self.level = level
    self.image = image
    self.processes = processes
    self.classes = classes
    self.report = report
  }

  /// Takes out of `frames` what the level and the kernel's marks say.
  ///
  /// A result that cannot be right, and every frame that could not be judged, is kept and said in the
  /// report's warnings.
  ///
  /// - Parameters:
  ///   - frames: all that a dump of this memory should have, if what is needed is kept.
  ///   - processes: frames that are kept though they are of user pages or cache.
  ///   - keepsNeeded: whether a rule that would take what every reader needs (``NeededFrames``) is not applied.
  ///   - report: what was counted before, and what is counted now.
  ///   - classes: gets the frames that are left out.
  ///   - progress: called with the frames examined so far.
  public static func run(
    _ kernel: Kernel, level: DumpLevel, from frames: inout PFNBitmap,
    keeping processes: ProcessFrames? = nil, keepsNeeded: Bool = false, report: inout FilterReport,
    classes: PageClassFrames? = nil,
    progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(VmcoreError) {
    let physical = kernel.physical
    let rules: PageRules
    let map: MemoryMap
    var memory = try kernel.memory()
    // All in one look.
    _ = kernel.symbolsAtHand(Self.symbols)
    let evidence = PageEvidence(kernel, in: &memory)
    report.refusal = evidence.failure
    do throws(KernelError) {
      rules = try PageRules(kernel.facts.adding(evidence.supplement))
      map = try kernel.memoryMap()
    } catch {
      report.warn(keepingEverything: error.description, level)
      return
    }
    let image = KernelImageFrames(
      kernel, evidence: evidence, structPages: PageFlagsReader(map: map, rules: rules), in: &memory)
    report.freedOfKernelImage = image.freed
    report.kernelImageEvidence = image.evidence
    let ground = Ground(
      physical: physical, map: map, rules: rules, image: image.frames, processes: processes, classes: classes)
    let before = report
    try scan(ground, level: level, from: &frames, report: &report, in: &memory, progress: progress)
    if keepsNeeded, !level.isDisjoint(with: .needingMemoryMap) {
      // Where there is no memory for it, a dump that was not looked after is better than none.
      do throws(VmcoreError) {
        let needed = try NeededFrames(kernel, map: map, in: &memory)
        try keep(
          needed, ground: ground, level: level, in: &frames, before: before, report: &report, memory: &memory)
      } catch {
        if case .system(let error) = error { report.refusal = error }
        report.warnings.append("whether all is kept that every reader needs is not known: \(error)")
      }
    }
    report.mayLackFreePages =
      physical.origin.map { $0.dumpLevel.contains(.freePages) } ?? (report.notInFile > 0)
    report.warn(evidence, level: level.subtracting(report.droppedRules), rules: rules, map: map)
  }

  /// What a pass over the mem_map goes by.
  struct Ground {
    let physical: PhysicalMemory
    let map: MemoryMap
    let rules: PageRules
    let image: PFNRanges
    let processes: ProcessFrames?
    let classes: PageClassFrames?
  }

  /// Takes out of `frames` what one level says.
  static func scan(
    _ ground: Ground, level: DumpLevel, from frames: inout PFNBitmap, report: inout FilterReport,
    in memory: inout KernelMemory, progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
  ) throws(VmcoreError) {
    let before = report
    var filter = try VmcoreError.wrapping { () throws(SystemError) in
      try PageFilter(
        ground.rules, level: level, image: ground.image, processes: ground.processes, report: before,
        classes: ground.classes)
    }
    for section in ground.map.sections {
      filter.scan(section, of: ground.physical.frames, in: &memory, frames: &frames)
      progress(filter.report.examined, ground.physical.frames.count)
    }
    report = filter.report
  }

  /// What to ask ``Kernel`` for early, with what others want: each look walks all of kallsyms.
  public static let symbols =
    KernelTypes.symbols + KernelImageFrames.symbols + Kernel.imageSymbols
    + NeededFrames.symbols

  private mutating func scan(
    _ section: MemoryMap.Section, of memoryFrames: PFNRanges, in memory: inout KernelMemory,
    frames: inout PFNBitmap
  ) {
    // What a page excludes may reach past its group, never past another page that excludes.
    var resume = section.frames.lowerBound
    var index = memoryFrames.firstRange(endingAfter: section.frames.lowerBound)
    while index < memoryFrames.ranges.count,
      memoryFrames.ranges[index].lowerBound < section.frames.upperBound
    {
      var start = max(memoryFrames.ranges[index].lowerBound, section.frames.lowerBound)
      let end = min(memoryFrames.ranges[index].upperBound, section.frames.upperBound)
      while start < end {
        let groupStart = PFN(start.rawValue & ~(Self.groupFrames - 1))
        let groupEnd = min(groupStart.advanced(by: Int(Self.groupFrames)), end)
        // What no frame of is in the dump needs no judgement: a machine may claim more than can be looked at.
        guard let next = frames.next(from: start), next < end else {
          report.examined += UInt64(start.distance(to: end))
          break
        }
        if next >= groupEnd {
          let behind = PFN(next.rawValue & ~(Self.groupFrames - 1))
          report.examined += UInt64(start.distance(to: behind))
          start = behind
          continue
        }
        if resume < groupEnd {
          let first = max(start, resume)
          resume = judge(
            first..<groupEnd, groupStart: groupStart, section: section, in: &memory, frames: &frames)
        }
        report.examined += UInt64(start.distance(to: groupEnd))
        start = groupEnd
      }
      index += 1
    }
  }

  /// Reads a group's `struct page`s and judges some of its frames.
  ///
  /// - Returns: the first frame that is not decided yet.
  private mutating func judge(
    _ wanted: Range<PFN>, groupStart: PFN, section: MemoryMap.Section, in memory: inout KernelMemory,
    frames: inout PFNBitmap
  ) -> PFN {
    // Frames before the section's first have no struct page there; the last one may need its successor's.
    let first = max(groupStart, section.frames.lowerBound)
    let last = min(groupStart.advanced(by: Int(Self.groupFrames)), section.frames.upperBound)
    let offset = section.frames.lowerBound.distance(to: first) &* rules.pageSize
    var excluder = Excluder(report, image: image, processes: processes, classes: classes)
    var end = hugeEnd
    let (rules, level) = (rules, level)
    let resume: PFN
    do throws(VmcoreError) {
      resume = try memory.withStretch(
        section.pages + offset, byteCount: first.distance(to: last) * rules.pageSize, copy: &group
      ) { pages in
        Self.judge(
          wanted, pages: StructPages(pages, rules: rules), first: first, rules: rules, level: level,
          hugeEnd: &end, excluder: &excluder, frames: &frames)
      }
    } catch {
      report.unreadableStructPages += UInt64(wanted.count)
      return wanted.upperBound
    }
    excluder.flush(&frames)
    report = excluder.report
    hugeEnd = end
    return resume
  }

  /// From this order on the kernel can free `struct page`s of a huge page (HVO, 5.14): what is behind the first page
  /// of them is then that page again, heads that are none included.
  private static let leastHugeOrder: UInt64 = 7

  private static func judge(
    _ wanted: Range<PFN>, pages: StructPages, first: PFN, rules: PageRules, level: DumpLevel,
    hugeEnd: inout PFN, excluder: inout Excluder, frames: inout PFNBitmap
  ) -> PFN {
    var pfn = wanted.lowerBound
    while pfn < wanted.upperBound {
      let index = first.distance(to: pfn)
      let flags = pages.flags(index)
      let mapcount = pages.mapcount(index)

      var order: UInt64 = 0
      var isHugetlb = false
      if flags & rules.head != 0, pfn.rawValue & 1 == 0 {
        if let compound = pages.compound(index, pfn: pfn, mapcount: mapcount) {
          (order, isHugetlb) = compound
          if order >= leastHugeOrder { hugeEnd = max(hugeEnd, pfn.advanced(by: 1 << Int(order))) }
        } else if pfn < hugeEnd {
          pfn = pfn.advanced(by: 1)
          continue
        } else {
          excluder.report.invalidCompoundOrders += 1
        }
      }
      if flags & rules.hwpoison != 0 {
        // hugetlbfs marks the head for any of its pages; elsewhere the faulty page itself is marked.
        excluder.exclude(pfn, order: isHugetlb ? order : 0, reason: .hwpoison, frames: &frames)
      }
      // The tails of what was left out went with their head.
      if pages.isTail(index) {
        pfn = pfn.advanced(by: 1)
        continue
      }

      let isSlab = pages.isSlab(flags, mapcount: mapcount)
      if isSlab { excluder.report.slabs += 1 }
      if level.contains(.freePages), !isSlab, rules.buddyType?.matches(mapcount) ?? false {
        let freeOrder = pages.privateWord(index)
        if freeOrder < UInt64(rules.freeOrders), pfn.rawValue & (1 << freeOrder - 1) == 0 {
          pfn = excluder.exclude(pfn, order: freeOrder, reason: .free, frames: &frames)
        } else {
          excluder.report.invalidFreeOrders += 1
          pfn = pfn.advanced(by: 1)
        }
        continue
      }
      if level.contains(.freePages), rules.unacceptedType?.matches(mapcount) ?? false {
        excluder.flush(&frames)
        let before = excluder.report[.free]
        pfn = excluder.exclude(pfn, order: UInt64(rules.freeOrders - 1), reason: .free, frames: &frames)
        excluder.flush(&frames)
        excluder.report.unaccepted += excluder.report[.free] - before
        continue
      }

      let isAnonymous = pages.isAnonymous(index, isSlab: isSlab)
      let isCache = !isAnonymous && pages.isCache(flags)
      let isPrivate = flags & rules.isPrivate != 0
      if isCache, level.contains(.privateCache) || (level.contains(.cache) && !isPrivate) {
        pfn = excluder.exclude(pfn, order: order, reason: isPrivate ? .privateCache : .cache, frames: &frames)
      } else if level.contains(.userData), isAnonymous || isHugetlb {
        pfn = excluder.exclude(pfn, order: order, reason: .user, frames: &frames)
      } else if !isSlab, rules.offlineType?.matches(mapcount) ?? false {
        pfn = excluder.exclude(pfn, order: order, reason: .offline, frames: &frames)
      } else {
        pfn = pfn.advanced(by: 1)
      }
    }
    return pfn
  }
}
