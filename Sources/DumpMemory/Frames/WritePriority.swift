/// The order in which to write frames where the room may not suffice for all: what no reader can do without comes first.
///
/// crash opens a dump, and answers sys, log, bt and ps, with the frames of the first two groups alone. One page table
/// that is missing, and it opens nothing.
public final class WritePriority: Sendable {
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

  package init(
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
