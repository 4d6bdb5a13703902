internal import DumpMemory

/// How much memory each slab cache has, as /proc/slabinfo would have shown it.
public struct SlabUsage: Sendable {
  public struct Cache: Sendable {
    public let name: String
    /// Bytes from one object to the next.
    public let objectSize: Int
    public let slabs: UInt64
    public let objects: UInt64
    /// Of them those that are free, as far as /proc/slabinfo counts them: a slab that a processor has for itself is in use. Nil where
    /// they cannot be counted.
    public let freeObjects: UInt64?
    /// Bytes of all slabs.
    public let byteCount: UInt64
  }

  /// The largest first.
  public let caches: [Cache]
  /// Why some may be missing; nil where none is.
  public let problem: String?

  public var byteCount: UInt64 { caches.reduce(0) { $0 &+ $1.byteCount } }

  /// What to ask ``Kernel`` for early.
  public static let symbols = ["slab_caches", "nr_node_ids"]
  public static let wantedTypes = WantedTypes(structures: [
    "kmem_cache", "kmem_cache_node", "kmem_cache_per_node_ptrs", "slab", "page",
  ])

  private static let mostCaches = 1 << 16
  /// Slabs whose free objects are counted.
  private static let mostSlabs = 1 << 23

  /// Where the members are that the walk reads.
  private struct Layout {
    let link: Int
    let name: Int
    let size: Int
    let order: Int
    let nodes: Int
    let nodeStep: Int
    var nodeCount: Int
    let slabs: Int
    let objects: Int
    let partial: Int
    let slabLink: Int?
    let inUse: SlabLayout.Bits?
    let slabObjects: SlabLayout.Bits?
    let cacheSize: Int

    init(_ types: borrowing BTF) throws(KernelError) {
      let slab = types.size("slab") == nil ? "page" : "slab"
      guard let link = types.offset("kmem_cache", "list"), let name = types.offset("kmem_cache", "name"),
        let size = types.offset("kmem_cache", "size"), let order = types.offset("kmem_cache", "oo"),
        let partial = types.offset("kmem_cache_node", "partial"), let cacheSize = types.size("kmem_cache")
      else { throw .absent("the kernel's types have no SLUB allocator that is known") }
      guard let slabs = types.offset("kmem_cache_node", "nr_slabs"),
        let objects = types.offset("kmem_cache_node", "total_objects")
      else { throw .absent("the kernel did not count its slabs (CONFIG_SLUB_DEBUG)") }
      // An array of pointers; from 7.0 on one of structures that have the pointer.
      if let nodes = types.member("kmem_cache", path: "node"), let place = nodes.offset {
        self.nodes = place
        nodeCount = min(nodes.length ?? 1, 1024)
        nodeStep = 8
      } else if let nodes = types.member("kmem_cache", path: "per_node"), let place = nodes.offset,
        let each = types.size("kmem_cache_per_node_ptrs"),
        let inside = types.offset("kmem_cache_per_node_ptrs", "node")
      {
        self.nodes = place + inside
        nodeCount = min(nodes.length ?? 1, 1024)
        nodeStep = each
      } else {
        throw .absent("the kernel's types do not say where a slab cache has its nodes")
      }
      self.link = link
      self.name = name
      self.size = size
      self.order = order
      self.slabs = slabs
      self.objects = objects
      self.partial = partial
      self.cacheSize = cacheSize
      slabLink = types.offset(slab, "slab_list") ?? types.offset(slab, "lru")
      inUse = SlabLayout.bits(types.member(slab, path: "inuse"))
      slabObjects = SlabLayout.bits(types.member(slab, path: "objects"))
    }
  }

  /// - Throws: ``KernelError`` for an allocator other than SLUB, and where the list of caches cannot be found.
  public init(_ kernel: Kernel, in memory: inout KernelMemory) throws(KernelError) {
    guard let head = kernel.symbolsAtHand(Self.symbols).address(of: "slab_caches") else {
      throw .absent("there is no symbol slab_caches")
    }
    var layout = try Layout(try kernel.types(Self.wantedTypes).btf)
    // A cache is allocated with as many nodes as the machine may have; behind them lies something else. Without CONFIG_NUMA
    // there is no variable, and one node.
    let nodes = kernel.symbolsAtHand(Self.symbols).address(of: "nr_node_ids").flatMap {
      try? memory.word32($0)
    }
    layout.nodeCount = min(layout.nodeCount, Int(nodes ?? 1))
    let list = ListNodes(
      of: head, atMost: min(kernel.mostObjects(of: layout.cacheSize), Self.mostCaches), &memory)
    var problem = list.problem.map { "the list of caches breaks off: \($0)" }
    // Each slab has a page at least.
    var budget = min(kernel.mostObjects(of: kernel.geometry.size), Self.mostSlabs)
    var caches: [Cache] = []
    for node in list.nodes {
      do throws(VmcoreError) {
        caches.append(
          try Self.cache(
            node + -layout.link, layout: layout, pageSize: kernel.geometry.size, budget: &budget, in: &memory)
        )
      } catch { problem = problem ?? "a cache cannot be read: \(error)" }
    }
    self.caches = caches.sorted { ($0.byteCount, $1.name) > ($1.byteCount, $0.name) }
    self.problem = problem
  }

  private static func cache(
    _ address: VirtualAddress, layout: Layout, pageSize: Int, budget: inout Int,
    in memory: inout KernelMemory
  ) throws(VmcoreError) -> Cache {
    let name = VirtualAddress(try memory.word(address + layout.name))
    // OO_SHIFT
    let order = try memory.number(address + layout.order) >> 16
    var slabs: UInt64 = 0
    var objects: UInt64 = 0
    var free: UInt64? = 0
    for index in 0..<layout.nodeCount {
      let pointer = try memory.word(address + layout.nodes + index * layout.nodeStep)
      // The numbers of nodes may have gaps.
      guard KernelPointer.isPlausible(pointer) else { continue }
      let node = VirtualAddress(pointer)
      slabs &+= try memory.word(node + layout.slabs)
      objects &+= try memory.word(node + layout.objects)
      if let sum = free {
        free = freeObjects(node, layout: layout, budget: &budget, in: &memory).map { sum &+ $0 }
      }
    }
    let text = name.rawValue >> 63 == 1 ? (try? memory.printableText(name, atMost: 64)) ?? "?" : "?"
    let bytes = slabs.multipliedReportingOverflow(by: UInt64(pageSize) << min(order, 20))
    return Cache(
      name: text, objectSize: Int(try memory.number(address + layout.size)), slabs: slabs, objects: objects,
      freeObjects: free, byteCount: bytes.overflow ? 0 : bytes.partialValue)
  }

  /// Counts the free objects of a node's slabs that are neither full nor empty; nil where that cannot be.
  private static func freeObjects(
    _ node: VirtualAddress, layout: Layout, budget: inout Int, in memory: inout KernelMemory
  ) -> UInt64? {
    guard let link = layout.slabLink, let inUse = layout.inUse, let objects = layout.slabObjects else {
      return nil
    }
    let head = node + layout.partial
    var free: UInt64 = 0
    var at = head
    while true {
      guard let next = try? memory.word(at) else { return nil }
      if next == head.rawValue { break }
      budget -= 1
      at = VirtualAddress(next)
      let slab = at + -link
      guard budget > 0, KernelPointer.isPlausible(next), let used = try? memory.word(slab + inUse.word),
        let all = try? memory.word(slab + objects.word)
      else { return nil }
      free &+= UInt64(max(objects.value(in: all) - inUse.value(in: used), 0))
    }
    return free
  }
}
