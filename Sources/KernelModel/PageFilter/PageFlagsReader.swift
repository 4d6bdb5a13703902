internal import DumpMemory
internal import Platform

/// Reads `page.flags` of single frames.
struct PageFlagsReader {
  let map: MemoryMap
  let rules: PageRules

  /// - Returns: nil for a frame without a `struct page` that can be read.
  func flags(_ pfn: PFN, in memory: inout KernelMemory) -> UInt64? {
    let index = map.sections.partitionPoint(behind: { $0.frames.upperBound > pfn })
    guard index < map.sections.count, map.sections[index].frames.contains(pfn) else { return nil }
    let section = map.sections[index]
    let page = section.pages + section.frames.lowerBound.distance(to: pfn) &* rules.pageSize
    return try? memory.word(page + rules.flags)
  }

  /// Whether a bit can be PG_reserved: the kernel's text, which is never freed, has it.
  func isTextReserved(_ kernel: KernelFacts, reserved: UInt64, in memory: inout KernelMemory) -> Bool {
    guard let text = kernel.info.symbol("_stext"), let first = kernel.imageFrame(text),
      let flags = flags(first, in: &memory)
    else { return false }
    return flags & reserved != 0
  }
}
