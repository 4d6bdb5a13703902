public import DumpMemory

/// The slabs of SLUB in the machine's lowest memory, whose free pointers tell what happened to that memory.
///
/// Nothing is read from the low memory itself but what the kernel's page tables may have there: a slab is
/// known from the mem_map and from its cache. How free pointers are stored is learned from slabs above
/// 1 MiB.
public struct SlabWalk: Sendable {
  public let slabs: [KernelSlab]
  /// Slabs whose cache or numbers make no sense, and which are left out.
  public let implausible: Int
  public let coding: FreePointerCoding
  /// Slabs above 1 MiB whose first free pointer decodes to one of their objects, and those where it does not.
  public let probes: (right: Int, wrong: Int)
  /// What was found, in words.
  public let evidence: String

  /// What to ask ``Kernel`` for early.
  public static let symbols = ["__per_cpu_offset"] + Kernel.directMapSymbols + KernelTypes.symbols

  public static let wantedTypes = SlabLayout.wantedTypes

  private static let enoughProbes = 64
  /// Frames above 1 MiB that are looked at for slabs with free objects: 4 GiB.
  private static let mostProbedFrames = 1 << 20
  private static let mostProcessors = 8192

  /// - Parameter limit: the end of the memory in question, 640 KiB.
  /// - Throws: ``KernelError`` if the kernel's allocator, mem_map or direct map is not known, or if free
  ///   pointers cannot be understood even where memory is intact.
  public init(
    _ kernel: Kernel, below limit: PhysicalAddress = PhysicalAddress(0xa0000), in memory: inout KernelMemory
  ) throws(KernelError) {
    let physical = kernel.physical
    let symbols = try kernel.symbols(Self.symbols)
    let types = try kernel.types(SlabLayout.wantedTypes)
    let layout = try SlabLayout(types.btf)
    var pages = try SlabPages(kernel, layout: layout)
    guard let directMap = kernel.directMap else {
      throw .absent("no PT_LOAD and no page_offset_base tells where the kernel maps memory")
    }
    var caches = Caches(
      layout, geometry: kernel.geometry, objectPoison: Self.objectPoison(symbols, in: &memory))
    (coding, probes) = try Self.learn(
      kernel, hasSlabType: types.btf.size("slab") != nil, directMap: directMap, pages: &pages,
      caches: &caches, in: &memory)

    var slabs: [KernelSlab] = []
    var implausible = 0
    let end = physical.geometry.pfn(of: limit)
    for section in pages.map.sections where section.frames.lowerBound < end {
      var first = section.frames.lowerBound
      while first < min(section.frames.upperBound, end) {
        // No slab lies across the border of two groups, which is a multiple of the largest.
        let next = min(first.advanced(by: SlabPages.groupFrames), section.frames.upperBound, end)
        let heads = try KernelError.reading("the mem_map of low memory") { () throws(VmcoreError) in
          try pages.heads(in: first..<next, of: section, &memory)
        }
        for head in heads {
          if let slab = caches.slab(head, directMap: directMap, coding: coding, in: &memory) {
            slabs.append(slab)
          } else {
            implausible += 1
          }
        }
        first = next
      }
    }
    Self.addProcessorLists(&slabs, caches: caches, of: kernel, layout: layout, in: &memory)
    self.slabs = slabs
    self.implausible = implausible
    let objects = slabs.reduce(0) { $0 + $1.objects }
    let poisoned = slabs.count { $0.poisonsObjects }
    evidence =
      "SLUB: \(slabs.count) slabs with \(objects) objects below \(limit), \(implausible) left out;"
      + (poisoned > 0 ? " free objects of \(poisoned) slabs are poisoned;" : "")
      + " free pointers are \(coding.words), as \(probes.right) slabs above 1 MiB show and"
      + " \(probes.wrong) do not"
  }

  /// `__OBJECT_POISON` of `kmem_cache.flags`: bit 31, and since 6.10 what the kernel's configuration left for it (mm/slab.h).
  static func objectPoison(_ symbols: KernelSymbols, in memory: inout KernelMemory) -> UInt32 {
    let name = "_slab_flag_bits"
    guard let bits = symbols.enumerations(named: [name], &memory)[name] else { return 1 << 31 }
    // Without CONFIG_SLUB_DEBUG there is none.
    return bits["_SLAB_OBJECT_POISON"].map { 1 << UInt32(clamping: $0) } ?? 0
  }

  // MARK: - How free pointers are stored

  /// Tries each coding on the first free pointers of slabs above 1 MiB; the best wins.
  static func learn(
    _ kernel: Kernel, hasSlabType: Bool, directMap: UInt64,
    pages: inout SlabPages, caches: inout Caches, in memory: inout KernelMemory
  ) throws(KernelError) -> (FreePointerCoding, probes: (right: Int, wrong: Int)) {
    var right = [Int](repeating: 0, count: FreePointerCoding.allCases.count)
    var probed = 0
    var looked = 0
    let start = PFN(0x100)
    search: for section in pages.map.sections {
      var first = max(section.frames.lowerBound, start)
      while first < section.frames.upperBound {
        let next = min(first.advanced(by: SlabPages.groupFrames), section.frames.upperBound)
        let heads = (try? pages.heads(in: first..<next, of: section, &memory)) ?? []
        for head in heads where head.freelist != 0 && head.inUse < head.objects {
          guard let slab = caches.slab(head, directMap: directMap, coding: .plain, in: &memory),
            let index = slab.index(of: head.freelist),
            let stored = try? memory.word(slab.pointerPlace(index))
          else { continue }
          probed += 1
          let random = caches.known(slab.cache)?.random ?? 0
          for (number, coding) in FreePointerCoding.allCases.enumerated() {
            let pointer = coding.apply(stored, at: slab.pointerPlace(index), random: random)
            if slab.isPossible(pointer) { right[number] += 1 }
          }
          if probed == enoughProbes { break search }
        }
        looked += first.distance(to: next)
        if looked > mostProbedFrames { break search }
        first = next
      }
    }
    let best = right.indices.max { right[$0] < right[$1] } ?? 0
    guard right[best] * 2 >= probed else {
      throw .malformed("free pointers of \(probed) slabs above 1 MiB lead nowhere, however they are read")
    }
    if probed > 0 { return (FreePointerCoding.allCases[best], (right[best], probed - right[best])) }
    // No slab shows it. struct slab is younger (5.17) than the swapping (5.7); where it is missing, the release decides.
    let swaps = hasSlabType || kernel.version >= KernelVersion(5, minor: 7)
    let hardened: FreePointerCoding = swaps ? .mixedSwapped : .mixed
    return (pages.layout.random == nil ? .plain : hardened, (0, 0))
  }

  // MARK: - Free lists of processors

  private static func addProcessorLists(
    _ slabs: inout [KernelSlab], caches: Caches, of kernel: Kernel, layout: SlabLayout,
    in memory: inout KernelMemory
  ) {
    guard layout.processors != nil,
      let table = kernel.symbolsAtHand(Self.symbols).address(of: "__per_cpu_offset")
    else { return }
    let processors = min(max(kernel.physical.notes.processorCount, 1), mostProcessors)
    for index in slabs.indices {
      guard let own = caches.known(slabs[index].cache)?.processors else { continue }
      for processor in 0..<processors {
        guard let offset = try? memory.word(table + processor * 8) else { break }
        let place = VirtualAddress(own &+ offset)
        guard KernelPointer.isPlausible(place.rawValue),
          let page = try? memory.word(place + layout.processorSlab), page == slabs[index].page.rawValue,
          let first = try? memory.word(place + layout.processorFreelist), slabs[index].index(of: first) != nil
        else { continue }
        slabs[index].freelists.append(VirtualAddress(first))
      }
    }
  }

  /// The caches that were seen.
  struct Caches {
    private let layout: SlabLayout
    private let geometry: PageGeometry
    private let objectPoison: UInt32
    private var entries: [UInt64: SlabCache] = [:]
    private var rejected: Set<UInt64> = []
    private static let mostCaches = 1 << 16

    init(_ layout: SlabLayout, geometry: PageGeometry, objectPoison: UInt32) {
      self.geometry = geometry
      self.layout = layout
      self.objectPoison = objectPoison
    }

    func known(_ address: VirtualAddress) -> SlabCache? { entries[address.rawValue] }

    /// - Returns: nil if the slab's numbers cannot be right.
    mutating func slab(
      _ head: SlabPages.Head, directMap: UInt64, coding: FreePointerCoding, in memory: inout KernelMemory
    ) -> KernelSlab? {
      guard let cache = cache(head.cache, in: &memory), head.objects > 0, head.inUse <= head.objects,
        head.objects * cache.size <= head.frames.count * geometry.size
      else { return nil }
      var slab = KernelSlab(
        frames: head.frames, start: geometry.address(of: head.frames.lowerBound), page: head.page,
        directMap: directMap, cache: cache.address,
        cacheName: cache.name, objectSize: cache.size, contentSize: cache.contentSize, zoneEnd: cache.zoneEnd,
        poisonsObjects: cache.flags & objectPoison != 0, firstObject: cache.redLeftPad, objects: head.objects,
        inUse: head.inUse, pointerOffset: cache.pointerOffset,
        random: coding == .plain ? nil : cache.random, coding: coding, freelists: [])
      if slab.index(of: head.freelist) != nil { slab.freelists.append(VirtualAddress(head.freelist)) }
      return slab
    }

    private mutating func cache(_ address: VirtualAddress, in memory: inout KernelMemory) -> SlabCache? {
      if let known = entries[address.rawValue] { return known }
      // A kernel has some hundred.
      guard entries.count < Self.mostCaches, rejected.count < Self.mostCaches else { return nil }
      if rejected.contains(address.rawValue) { return nil }
      guard let cache = SlabCache(at: address, layout: layout, in: &memory) else {
        rejected.insert(address.rawValue)
        return nil
      }
      entries[address.rawValue] = cache
      return cache
    }
  }
}

extension FreePointerCoding {
  fileprivate var words: String {
    switch self {
    case .plain: "stored as they are"
    case .mixed: "mixed with kmem_cache.random and their place"
    case .mixedSwapped: "mixed with kmem_cache.random and their byte-swapped place"
    }
  }
}
