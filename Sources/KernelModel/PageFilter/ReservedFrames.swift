public import DumpMemory

/// Frames that the kernel kept from its page allocator from boot on: PG_reserved is set in their `struct page`.
///
/// From 5.5, and in 5.4.69, that is all of the first mebibyte where a crash kernel is to be loaded (arch/x86/kernel/setup.c,
/// "Always reserve the low 1M"); before, it was what the firmware or the trampoline needed.
public enum ReservedFrames {
  /// - Returns: those of some frames; nil where the vmcore does not tell.
  public static func among(
    _ frames: Range<PFN>, of kernel: Kernel, in memory: inout KernelMemory
  ) -> Set<PFN>? {
    let facts = kernel.facts
    let evidence = PageEvidence(kernel, in: &memory)
    guard let reserved = evidence.reserved, let rules = try? PageRules(facts.adding(evidence.supplement)),
      let text = facts.info.symbol("_stext").flatMap({ facts.imageFrame($0) })
    else { return nil }
    let top = max(frames.upperBound, text.advanced(by: 1)).rawValue
    let asked = PFNRanges([frames, text..<text.advanced(by: 1)], maxMapNumber: top)
    guard let map = try? MemoryMap(facts, frames: asked, in: &memory) else { return nil }
    let reader = PageFlagsReader(map: map, rules: rules)
    guard reader.isTextReserved(facts, reserved: reserved, in: &memory) else { return nil }
    var found: Set<PFN> = []
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      if let flags = reader.flags(pfn, in: &memory), flags & reserved != 0 { found.insert(pfn) }
      pfn = pfn.advanced(by: 1)
    }
    return found
  }
}
