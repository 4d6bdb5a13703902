internal import Platform

/// The order in which to write frames where the room may not suffice for all: what no reader can do without comes first.
///
/// crash opens a dump, and answers sys, log, bt and ps, with the frames of the first two groups alone. One page table
/// that is missing, and it opens nothing.
public final class FrameOrder: Sendable {
  public enum Group: Int, CaseIterable, Sendable {
    /// The kernel's text and data, its page tables, the table of the mem_map's sections, and what readers read before
    /// they are asked anything (``OpeningFrames``).
    case foundation
    /// Whatever else dump level 31 keeps: slabs, buffers.
    case kernel
    /// The mem_map: a 64th of memory that only questions about memory need.
    case memoryMap
    /// Processes, caches, free memory.
    case other
  }

  let foundation: PFNBitmap
  let memoryMap: PFNBitmap
  /// Empty where ``tellsKernelApart`` is false.
  let kernel: PFNBitmap
  let tellsKernelApart: Bool
  /// Why the kernel's pages cannot be told from others; they are then all in one group.
  public let problem: String?

  /// What to ask ``Kernel`` for early.
  public static let symbols = OpeningFrames.symbols

  /// Looks for the kernel's own frames.
  ///
  /// - Parameters:
  ///   - level: what is left out anyway: at level 31 everything that is left is the kernel's.
  ///   - affordsSet: whether there is memory for one bit a frame.
  ///   - progress: called with the frames examined so far.
  public convenience init(
    _ kernel: Kernel, _ level: DumpLevel, affordsSet: Bool,
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
    do throws(MemoryMap.Missing) {
      let map = try kernel.memoryMap()
      map.insertOwnFrames(into: &memoryMap, kernel, &memory)
      if let table = try? SectionTable(kernel.facts, &memory, probing: physical.frames) {
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
          kernel, .needingMemoryMap, from: &kept, report: &report, progress: progress)
        isApart = report.examined > 0
        if !isApart { problem = problem ?? report.warnings.first ?? "there is no mem_map" }
      } else {
        problem = "there is no memory for a second bitmap"
      }
    }
    self.init(
      foundation: foundation, memoryMap: memoryMap, kernel: kept, tellsKernelApart: isApart, problem: problem)
  }

  init(
    foundation: consuming PFNBitmap, memoryMap: consuming PFNBitmap, kernel: consuming PFNBitmap,
    tellsKernelApart: Bool, problem: String? = nil
  ) {
    self.foundation = foundation
    self.memoryMap = memoryMap
    self.kernel = kernel
    self.tellsKernelApart = tellsKernelApart
    self.problem = problem
  }

  /// The first frame of a group at or after a frame, of those in a set.
  public func next(_ group: Group, from pfn: PFN, of frames: borrowing PFNBitmap) -> PFN? {
    var at = pfn
    while let found = candidate(group, from: at, of: frames) {
      if frames.contains(found), self.group(of: found) == group { return found }
      at = found.advanced(by: 1)
    }
    return nil
  }

  public func group(of pfn: PFN) -> Group {
    if foundation.contains(pfn) { return .foundation }
    if memoryMap.contains(pfn) { return .memoryMap }
    return !tellsKernelApart || kernel.contains(pfn) ? .kernel : .other
  }

  private func candidate(_ group: Group, from pfn: PFN, of frames: borrowing PFNBitmap) -> PFN? {
    switch group {
    case .foundation: foundation.next(from: pfn)
    case .memoryMap: memoryMap.next(from: pfn)
    case .kernel: tellsKernelApart ? kernel.next(from: pfn) : frames.next(from: pfn)
    case .other: tellsKernelApart ? frames.next(from: pfn) : nil
    }
  }
}

extension MemoryMap {
  /// Adds the frames in which the `struct page`s of memory lie.
  func insertOwnFrames(
    into set: inout PFNBitmap, _ kernel: Kernel, _ memory: inout KernelMemory
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
  /// Adds the frames that a stretch of virtual addresses is mapped to.
  mutating func insertFrames(of stretch: Range<UInt64>, into set: inout PFNBitmap, _ geometry: PageGeometry) {
    let page = UInt64(geometry.size)
    var at = stretch.lowerBound
    while at < stretch.upperBound {
      let mapping: Mapping
      do throws(MemoryError) { mapping = try self.mapping(of: VirtualAddress(at)) } catch {
        var hole = page
        // An entry that is not present says how much it does not map.
        if case .unmapped(_, let level) = error { hole <<= UInt64(9 * (level - 1)) }
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
