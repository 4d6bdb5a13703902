internal import DumpMemory
internal import Platform

/// Finds the slabs among frames, by their `struct page`s.
struct SlabPages: ~Copyable {
  /// The first page of a slab.
  struct Head {
    let frames: Range<PFN>
    let page: VirtualAddress
    let cache: VirtualAddress
    let freelist: UInt64
    let inUse: Int
    let objects: Int
  }

  let layout: SlabLayout
  let map: MemoryMap
  private let rules: PageRules
  private var buffer: MappedBuffer

  /// Frames whose `struct page`s are read together.
  static let groupFrames = 1024

  init(
    _ kernel: Kernel, layout: SlabLayout
  ) throws(KernelError) {
    let rules = try PageRules(kernel.facts)
    let map = try kernel.memoryMap()
    guard layout.pageBytes <= rules.pageSize else {
      throw .malformed("the members of struct slab do not lie inside of struct page")
    }
    guard rules.slab != 0 || rules.slabType != nil else {
      throw .absent("VMCOREINFO does not tell how slabs are marked")
    }
    let buffer = try KernelError.wrapping { () throws(SystemError) in
      try MappedBuffer(byteCount: Self.groupFrames * rules.pageSize)
    }
    self.buffer = buffer
    self.map = map
    self.rules = rules
    self.layout = layout
  }

  /// The slabs that begin among up to ``groupFrames`` frames of one section.
  mutating func heads(
    in frames: Range<PFN>, of section: MemoryMap.Section, _ memory: inout KernelMemory
  ) throws(VmcoreError) -> [Head] {
    let count = min(frames.count, Self.groupFrames)
    let first = section.pages + section.frames.lowerBound.distance(to: frames.lowerBound) * rules.pageSize
    let (layout, rules) = (layout, rules)
    return try memory.withStretch(first, byteCount: count * rules.pageSize, copy: &buffer) { bytes in
      let pages = StructPages(bytes, rules: rules)
      var heads: [Head] = []
      var index = 0
      while index < count {
        let start = index
        index += 1
        guard !pages.isTail(start), pages.isSlab(pages.flags(start), mapcount: pages.mapcount(start)) else {
          continue
        }
        while index < count, pages.isTail(index) { index += 1 }
        let base = start * rules.pageSize
        func word(_ offset: Int) -> UInt64 { bytes.littleEndian(at: base + offset) ?? 0 }
        heads.append(
          Head(
            frames: frames.lowerBound.advanced(by: start)..<frames.lowerBound.advanced(by: index),
            page: first + base, cache: VirtualAddress(word(layout.cache)), freelist: word(layout.freelist),
            inUse: layout.inUse.value(in: word(layout.inUse.word)),
            objects: layout.objects.value(in: word(layout.objects.word))))
      }
      return heads
    }
  }
}
