public import DumpMemory

/// Where the kernel keeps its `struct page`s: mem_map, in the memory model that it was built with.
public struct MemoryMap: Sendable {
  /// A stretch of frames whose `struct page`s lie together.
  public struct Section: Sendable {
    public let frames: Range<PFN>
    /// The `struct page` of the first frame.
    public let pages: VirtualAddress
  }

  /// Sections that touch the machine's memory, in order.
  public internal(set) var sections: [Section]
  /// Frames of memory for which the kernel has no mem_map.
  public internal(set) var framesWithout: UInt64
  /// Sections whose table entry could not be read, with the first reason.
  public internal(set) var unreadable: (sections: Int, reason: VmcoreError?)
}

extension MemoryMap {
  /// Finds the mem_map of all memory.
  ///
  /// - Parameter frames: the machine's memory; no other section is looked at.
  public init(
    _ kernel: KernelFacts, frames: PFNRanges, in memory: inout KernelMemory
  ) throws(KernelError) {
    if kernel.info.symbol("mem_section") != nil {
      let table = try SectionTable(kernel, in: &memory, probing: frames)
      self = table.sections(of: frames, &memory)
      if sections.isEmpty {
        if let reason = unreadable.reason { throw .absent("no section's mem_map can be read: \(reason)") }
        throw .absent("mem_section names no section that has memory")
      }
    } else if let pointer = kernel.info.symbol("mem_map") {
      let pages: UInt64
      do throws(VmcoreError) { pages = try memory.word(pointer) } catch {
        throw .unreadable("mem_map", error)
      }
      guard KernelPointer.isPlausible(pages) else {
        throw .malformed("mem_map points to 0x\(String(pages, radix: 16)), which is no kernel address")
      }
      self.init(
        sections: [Section(frames: PFN(0)..<PFN(frames.maxMapNumber), pages: VirtualAddress(pages))],
        framesWithout: 0, unreadable: (0, nil))
    } else {
      throw .absent("VMCOREINFO has neither SYMBOL(mem_section) nor SYMBOL(mem_map)")
    }
  }
}
