internal import DumpMemory

/// What the kernel counted of its memory: pages, as `/proc/meminfo` would have shown them without what the processors had not
/// added up yet.
public struct MemoryCounters: Sendable {
  /// A number of pages; nil where the kernel does not tell.
  public struct Counter: Sendable {
    /// As it is called in JSON.
    public let name: String
    /// As /proc/meminfo calls it.
    public let title: String
    public let pages: UInt64?
  }

  public let counters: [Counter]

  /// What to ask ``Kernel`` for early.
  public static let symbols = [
    "_totalram_pages", "vm_zone_stat", "vm_node_stat", "total_swap_pages", "nr_swap_pages", "vm_committed_as",
  ]
  public static let wantedTypes: WantedTypes = {
    var wanted = WantedTypes(structures: ["percpu_counter"])
    wanted.enumerators = Set(zoneItems.map(\.item) + nodeItems.map(\.item))
    return wanted
  }()

  private static let zoneItems: [(name: String, title: String, item: String)] = [
    ("free", "MemFree", "NR_FREE_PAGES")
  ]

  private static let nodeItems: [(name: String, title: String, item: String)] = [
    ("file", "Cached and Buffers", "NR_FILE_PAGES"), ("shared", "Shmem", "NR_SHMEM"),
    ("anonymous", "AnonPages", "NR_ANON_MAPPED"), ("mapped", "Mapped", "NR_FILE_MAPPED"),
    ("dirty", "Dirty", "NR_FILE_DIRTY"), ("writeback", "Writeback", "NR_WRITEBACK"),
    ("slab_reclaimable", "SReclaimable", "NR_SLAB_RECLAIMABLE_B"),
    ("slab_unreclaimable", "SUnreclaim", "NR_SLAB_UNRECLAIMABLE_B"),
    ("page_tables", "PageTables", "NR_PAGETABLE"), ("kernel_stack", "KernelStack", "NR_KERNEL_STACK_KB"),
  ]

  /// - Throws: ``KernelError`` where the kernel's types are not to be had.
  public init(_ kernel: Kernel, in memory: inout KernelMemory) throws(KernelError) {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    let types = try kernel.types(Self.wantedTypes)
    func word(_ name: String, _ offset: Int = 0) -> UInt64? {
      guard let variable = symbols.address(of: name), let word = try? memory.word(variable + offset) else {
        return nil
      }
      // Counters of processors that were not added up can make a small sum negative.
      return UInt64(max(Int64(bitPattern: word), 0))
    }
    func item(_ array: String, item: String) -> UInt64? {
      guard let index = types.btf.value(ofEnumerator: item), (0..<256).contains(index),
        let count = word(array, Int(index) * 8)
      else { return nil }
      return item.hasSuffix("_KB") ? count / UInt64(kernel.geometry.size / 1024) : count
    }
    var counters = [Counter(name: "total", title: "MemTotal", pages: word("_totalram_pages"))]
    counters += Self.zoneItems.map {
      Counter(name: $0.name, title: $0.title, pages: item("vm_zone_stat", item: $0.item))
    }
    counters += Self.nodeItems.map {
      Counter(name: $0.name, title: $0.title, pages: item("vm_node_stat", item: $0.item))
    }
    counters.append(Counter(name: "swap_total", title: "SwapTotal", pages: word("total_swap_pages")))
    counters.append(Counter(name: "swap_free", title: "SwapFree", pages: word("nr_swap_pages")))
    let committed = types.btf.offset("percpu_counter", "count").flatMap { word("vm_committed_as", $0) }
    counters.append(Counter(name: "committed", title: "Committed_AS", pages: committed))
    self.counters = counters
  }

  public subscript(name: String) -> UInt64? { counters.first { $0.name == name }?.pages }
}
