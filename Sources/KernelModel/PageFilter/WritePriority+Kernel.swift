public import DumpMemory
internal import Platform

extension WritePriority {
  /// What to ask ``Kernel`` for early.
  public static let symbols = OpeningFrames.symbols

  /// Looks for the kernel's own frames.
  ///
  /// - Parameters:
  ///   - level: what is left out anyway: at level 31 everything that is left is the kernel's.
  ///   - affordsSet: whether there is memory for one bit a frame.
  ///   - progress: called with the frames examined so far.
  public convenience init(
    _ kernel: Kernel, level: DumpLevel, affordsSet: Bool,
    progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(VmcoreError) {
    let physical = kernel.physical
    var memory = try kernel.memory()
    var tables = try PageTableFrames(kernel)
    tables.add(kernel.tables.root, .kernel)
    var foundation = tables.takeFrames()
    for range in kernel.image.ranges { foundation.insert(range) }
    var opening = OpeningFrames(kernel)
    opening.insert(into: &foundation, &memory)

    let maxMapNumber = physical.frames.maxMapNumber
    var memoryMap = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: maxMapNumber)
    }
    var problem: String?
    do throws(KernelError) {
      let map = try kernel.memoryMap()
      map.insertOwnFrames(into: &memoryMap, of: kernel, in: &memory)
      if let table = try? SectionTable(kernel.facts, in: &memory, probing: physical.frames) {
        table.insertOwnFrames(into: &foundation, of: physical, &memory)
      }
    } catch { problem = error.description }

    var kept = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: maxMapNumber)
    }
    var isApart = false
    if !level.isSuperset(of: .needingMemoryMap) {
      if affordsSet {
        kept = try physical.framesInFile()
        var report = FilterReport()
        try PageFilter.run(
          kernel, level: .needingMemoryMap, from: &kept, report: &report, progress: progress)
        isApart = report.examined > 0
        if !isApart { problem = problem ?? report.warnings.first ?? "there is no mem_map" }
      } else {
        problem = "there is no memory for a second bitmap"
      }
    }
    self.init(
      foundation: foundation, memoryMap: memoryMap, kernel: kept, tellsKernelApart: isApart, problem: problem)
  }
}

extension MemoryMap {
  /// Adds the frames in which the `struct page`s of memory lie.
  func insertOwnFrames(
    into set: inout PFNBitmap, of kernel: Kernel, in memory: inout KernelMemory
  ) {
    let physical = kernel.physical
    guard let pageSize = kernel.info.size("page"), pageSize > 0 else { return }
    for section in sections {
      var from = section.frames.lowerBound
      while let range = physical.frames.next(from: from), range.lowerBound < section.frames.upperBound {
        let end = min(range.upperBound, section.frames.upperBound)
        let start = section.pages + section.frames.lowerBound.distance(to: range.lowerBound) &* pageSize
        let stop = start + range.lowerBound.distance(to: end) &* pageSize
        if start < stop {
          memory.insertFrames(of: start.rawValue..<stop.rawValue, into: &set, physical.geometry)
        }
        from = end
      }
    }
  }
}

extension KernelMemory {
  /// The same for a stretch by its beginning and its length; none where it has no end.
  mutating func insertFrames(
    at start: UInt64, byteCount: UInt64, into set: inout PFNBitmap, _ geometry: PageGeometry
  ) {
    guard let stretch = Range(start: start, byteCount: byteCount) else { return }
    insertFrames(of: stretch, into: &set, geometry)
  }

  /// Adds the frames that a stretch of virtual addresses is mapped to.
  mutating func insertFrames(of stretch: Range<UInt64>, into set: inout PFNBitmap, _ geometry: PageGeometry) {
    let page = UInt64(geometry.size)
    var at = stretch.lowerBound
    while at < stretch.upperBound {
      let mapping: Mapping
      do throws(VmcoreError) { mapping = try self.mapping(of: VirtualAddress(at)) } catch {
        var hole = page
        // An entry that is not present says how much it does not map.
        if case .unmapped(_, let level) = error { hole = byteCount(ofLevel: level) }
        let (next, overflow) = (at & ~(hole - 1)).addingReportingOverflow(hole)
        if overflow { return }
        at = next
        continue
      }
      let end = min(mapping.virtual.upperBound, stretch.upperBound)
      let start = mapping.physical.rawValue + (at - mapping.virtual.lowerBound)
      set.insert(geometry.frames(from: start, to: start + (end - at)))
      at = end
    }
  }
}
