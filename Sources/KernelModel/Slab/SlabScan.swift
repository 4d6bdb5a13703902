internal import DumpMemory

/// Goes through all slabs of SLUB that the machine's memory has, one after the other: there may be millions.
struct SlabScan: ~Copyable {
  private var pages: SlabPages
  private var caches: SlabWalk.Caches
  private let kernel: Kernel
  private let layout: SlabLayout
  private let directMap: UInt64
  private let coding: FreePointerCoding
  /// What each processor adds to per-CPU addresses.
  private let offsets: [UInt64]
  /// First free objects that processors have for themselves, by the slab's `struct page`, of the caches of kmalloc that were met.
  private var processorLists: [UInt64: [VirtualAddress]] = [:]
  private var known: Set<UInt64> = []
  /// Caches of kmalloc: a kernel has some hundred at most (CONFIG_RANDOM_KMALLOC_CACHES).
  private static let mostCaches = 1024
  /// Frames whose `struct page`s could not be read.
  private(set) var unreadableFrames: UInt64 = 0
  /// Slabs whose cache or numbers make no sense.
  private(set) var implausible = 0
  private var section = 0
  private var position = PFN(0)

  static let symbols = SlabWalk.symbols + ProcessorAreas.symbols

  /// - Throws: ``KernelError`` for another allocator than SLUB, and where the mem_map or the direct map is not known.
  init(_ kernel: Kernel, in memory: inout KernelMemory) throws(KernelError) {
    let symbols = try kernel.symbols(Self.symbols)
    let types = try kernel.types(SlabLayout.wantedTypes)
    let layout = try SlabLayout(types.btf)
    var pages = try SlabPages(kernel, layout: layout)
    guard let directMap = kernel.directMap else {
      throw .absent("no PT_LOAD and no page_offset_base tells where the kernel maps memory")
    }
    var caches = SlabWalk.Caches(
      layout, geometry: kernel.geometry, objectPoison: SlabWalk.objectPoison(symbols, in: &memory))
    (coding, _) = try SlabWalk.learn(
      kernel, hasSlabType: types.btf.size("slab") != nil, directMap: directMap, pages: &pages,
      caches: &caches, in: &memory)
    offsets = layout.processors == nil ? [] : ProcessorAreas.offsets(of: kernel, in: &memory)
    self.pages = pages
    self.caches = caches
    self.kernel = kernel
    self.layout = layout
    self.directMap = directMap
  }

  /// The slabs of the next stretch of memory, which may be none; nil behind the last.
  mutating func next(in memory: inout KernelMemory) -> [KernelSlab]? {
    while section < pages.map.sections.count {
      let own = pages.map.sections[section]
      let first = max(position, own.frames.lowerBound)
      if first >= own.frames.upperBound {
        section += 1
        continue
      }
      // No slab lies across the border of two groups, which is a multiple of the largest.
      position = min(first.advanced(by: SlabPages.groupFrames), own.frames.upperBound)
      return slabs(in: first..<position, of: own, &memory)
    }
    return nil
  }

  /// The slab that an address in the direct map lies in; nil if there is none.
  mutating func slab(at address: VirtualAddress, in memory: inout KernelMemory) -> KernelSlab? {
    guard let physical = try? memory.translate(address) else { return nil }
    let pfn = kernel.geometry.pfn(of: physical)
    let group = UInt64(SlabPages.groupFrames)
    let start = PFN(pfn.rawValue / group * group)
    guard let section = pages.map.sections.first(where: { $0.frames.contains(pfn) }) else { return nil }
    let frames =
      max(
        start, section.frames.lowerBound)..<min(
        start.advanced(by: SlabPages.groupFrames), section.frames.upperBound)
    return slabs(in: frames, of: section, &memory).first { $0.frames.contains(pfn) }
  }

  private mutating func slabs(
    in frames: Range<PFN>, of section: MemoryMap.Section, _ memory: inout KernelMemory
  ) -> [KernelSlab] {
    let own = kernel.physical.frames.count(in: frames)
    if own == 0 { return [] }
    guard let heads = try? pages.heads(in: frames, of: section, &memory) else {
      unreadableFrames += own
      return []
    }
    var slabs: [KernelSlab] = []
    for head in heads {
      guard var slab = caches.slab(head, directMap: directMap, coding: coding, in: &memory) else {
        implausible += 1
        continue
      }
      addProcessorLists(to: &slab, in: &memory)
      slabs.append(slab)
    }
    return slabs
  }

  private mutating func addProcessorLists(to slab: inout KernelSlab, in memory: inout KernelMemory) {
    if slab.isOfKmalloc, known.count < Self.mostCaches, known.insert(slab.cache.rawValue).inserted,
      let own = caches.known(slab.cache)?.processors
    {
      for offset in offsets {
        let place = VirtualAddress(own &+ offset)
        guard KernelPointer.isPlausible(place.rawValue),
          let page = try? memory.word(place + layout.processorSlab), page != 0,
          let first = try? memory.word(place + layout.processorFreelist), first != 0
        else { continue }
        processorLists[page, default: []].append(VirtualAddress(first))
      }
    }
    for first in processorLists[slab.page.rawValue] ?? [] where slab.index(of: first.rawValue) != nil {
      slab.freelists.append(first)
    }
  }
}

extension KernelSlab {
  /// Whether its objects are anybody's: kmalloc's, or the first bytes of messages (6.3).
  var isOfKmalloc: Bool {
    cacheName.hasPrefix("kmalloc") || cacheName.hasPrefix("dma-kmalloc") || cacheName == "skbuff_small_head"
  }

  /// Which objects are on its free lists, a bit each.
  ///
  /// - Returns: and whether a list leads where none can lead, or comes back to itself.
  func freeObjects(_ memory: inout KernelMemory) -> (bits: [UInt64], count: Int, isBroken: Bool) {
    var bits = [UInt64](repeating: 0, count: (objects + 63) / 64)
    var count = 0
    for first in freelists {
      var next = first.rawValue
      while next != 0 {
        guard let index = index(of: next), bits[index / 64] >> UInt64(index % 64) & 1 == 0,
          let stored = try? memory.word(pointerPlace(index))
        else { return (bits, count, true) }
        bits[index / 64] |= 1 << UInt64(index % 64)
        count += 1
        next = coded(stored, ofObject: index)
      }
    }
    return (bits, count, false)
  }
}
