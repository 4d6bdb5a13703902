/// Slabs of SLUB in a synthetic kernel: types, a cache, a slab below 640 KiB and others above 1 MiB.
public struct SlabFixture {
  public let tables: KernelWithTables
  private let coding: Coding

  /// How free pointers are stored.
  public enum Coding: CaseIterable, Sendable {
    case plain, mixed, mixedSwapped

    func apply(_ pointer: UInt64, at place: UInt64) -> UInt64 {
      switch self {
      case .plain: pointer
      case .mixed: pointer ^ SlabFixture.random ^ place
      case .mixedSwapped: pointer ^ SlabFixture.random ^ place.byteSwapped
      }
    }
  }
  /// Where the words of a slab are in its `struct page`.
  private let cacheOffset: UInt64
  public let cache: UInt64
  /// The section .BTF.
  public let types: [UInt8]

  public static let random: UInt64 = 0x6e86_8f87_39bc_1633
  public static let objectSize: UInt64 = 512
  public static let pointerOffset: UInt64 = 256
  public static let contentSize = 480
  public static let zoneEnd = 488

  public init(
    _ generation: KernelGeneration, storing coding: Coding, redLeftPad: UInt32 = 0, flags: UInt32 = 0,
    flagBits: [(String, Int32)] = [], processors: Int = 1, types more: (inout BTFBuilder) -> Void = { _ in }
  ) {
    let tables = KernelWithTables(generation) { $0.cpus = processors }
    self.tables = tables
    self.coding = coding
    // struct page's slab_cache shared its word with `mapping`; struct slab moved it in 6.3.
    cacheOffset = generation.version >= KernelGeneration.Version(6, 3) ? 8 : 24
    types = Self.types(
      separate: generation.version >= KernelGeneration.Version(5, 17), cacheOffset: Int(cacheOffset),
      hardened: coding != .plain, flagBits: flagBits, more: more)
    let start = tables.place(types)
    tables.setSymbol("__start_BTF", start)
    tables.setSymbol("__stop_BTF", start + UInt64(types.count))
    cache = tables.nextAddress
    var bytes = [UInt8](repeating: 0, count: 256)
    bytes.storeLittleEndian(UInt64(0x33000), at: 0)
    bytes.storeLittleEndian(flags, at: 8)
    bytes.storeLittleEndian(UInt32(Self.objectSize), at: 24)
    bytes.storeLittleEndian(UInt32(Self.contentSize), at: 28)
    bytes.storeLittleEndian(UInt32(Self.pointerOffset), at: 40)
    bytes.storeLittleEndian(UInt32(Self.zoneEnd), at: 80)
    bytes.storeLittleEndian(redLeftPad, at: 88)
    bytes.storeLittleEndian(cache + 200, at: 96)
    bytes.storeLittleEndian(Self.random, at: 184)
    bytes.replaceSubrange(200..<215, with: Array("dma-kmalloc-512".utf8))
    tables.place(bytes)
  }

  /// Adds a cache that differs from the first in its name alone, of 15 letters at most.
  public func addCache(_ name: String) -> UInt64 {
    let place = tables.nextAddress
    let first = tables.kernel.image.lowerBound << 12 + cache - tables.kernel.text
    let start = Int(first & 4095)
    var bytes = Array(tables.kernel.memory.page(first >> 12)[start..<start + 256])
    bytes.storeLittleEndian(place + 200, at: 96)
    bytes.replaceSubrange(
      200..<216, with: Array(name.utf8) + [UInt8](repeating: 0, count: 16 - name.utf8.count))
    return tables.place(bytes)
  }

  /// - Parameter separate: whether there is a `struct slab` (5.17).
  private static func types(
    separate: Bool, cacheOffset: Int, hardened: Bool, flagBits: [(String, Int32)],
    more: (inout BTFBuilder) -> Void
  ) -> [UInt8] {
    var builder = BTFBuilder()
    if !flagBits.isEmpty { _ = builder.enumeration("_slab_flag_bits", flagBits) }
    let long = builder.integer("long unsigned int", 8)
    let int = builder.integer("unsigned int", 4)
    let pointer = builder.pointer()
    let list = builder.structure(
      "list_head", 16,
      [.init(name: "next", type: pointer, offset: 0), .init(name: "prev", type: pointer, offset: 64)])
    let counters = builder.structure(
      "", 4,
      [
        .init(name: "inuse", type: int, offset: 0, bits: 16),
        .init(name: "objects", type: int, offset: 16, bits: 15),
        .init(name: "frozen", type: int, offset: 31, bits: 1),
      ])
    _ = builder.structure(
      separate ? "slab" : "page", 64,
      [
        .init(name: separate ? "__page_flags" : "flags", type: long, offset: 0),
        .init(name: "slab_cache", type: pointer, offset: cacheOffset * 8),
        .init(name: separate ? "slab_list" : "lru", type: list, offset: listOffset(cacheOffset) * 8),
        .init(name: "freelist", type: pointer, offset: 256), .init(name: "", type: counters, offset: 320),
      ])
    var cache: [BTFBuilder.Member] = [
      .init(name: "cpu_slab", type: pointer, offset: 0), .init(name: "size", type: int, offset: 192),
      .init(name: "offset", type: int, offset: 320), .init(name: "red_left_pad", type: int, offset: 704),
      .init(name: "name", type: pointer, offset: 768), .init(name: "flags", type: int, offset: 64),
      .init(name: "object_size", type: int, offset: 224), .init(name: "inuse", type: int, offset: 640),
      .init(name: "list", type: list, offset: 832), .init(name: "oo", type: int, offset: 960),
      .init(name: "node", type: builder.array(pointer, 2), offset: 1024),
    ]
    _ = builder.structure(
      "kmem_cache_node", 48,
      [
        .init(name: "partial", type: list, offset: 64), .init(name: "nr_slabs", type: long, offset: 192),
        .init(name: "total_objects", type: long, offset: 256),
      ])
    if hardened { cache.append(.init(name: "random", type: long, offset: 1472)) }
    _ = builder.structure("kmem_cache", 200, cache)
    _ = builder.structure(
      "kmem_cache_cpu", 32,
      [
        .init(name: "freelist", type: pointer, offset: 0),
        .init(name: separate ? "slab" : "page", type: pointer, offset: 128),
      ])
    more(&builder)
    return builder.build()
  }

  /// Where a slab's own link is: before the cache, or behind it.
  private static func listOffset(_ cacheOffset: Int) -> Int { cacheOffset == 8 ? 16 : 8 }

  /// Puts the cache on the list of all caches, and a slab on that of its node's which are neither full nor empty.
  public func addUsage(partial pfn: UInt64) {
    let kernel = tables.kernel
    func store(_ word: UInt64, at address: UInt64) {
      kernel.memory.store(word, at: kernel.image.lowerBound << 12 + address - kernel.text)
    }
    let caches = tables.place([UInt8](repeating: 0, count: 16))
    let node = tables.place([UInt8](repeating: 0, count: 48))
    let link = UInt64(Self.listOffset(Int(cacheOffset)))
    let slab = kernel.structPageAddress(pfn) + link
    store(cache + 104, at: caches)
    store(cache + 104, at: caches + 8)
    store(caches, at: cache + 104)
    store(caches, at: cache + 112)
    store(1 << 16 | 16, at: cache + 120)
    store(node, at: cache + 128)
    store(slab, at: node + 8)
    store(slab, at: node + 16)
    kernel.memory.store(node + 8, at: kernel.structPage(pfn)! + link)
    store(1, at: node + 24)
    store(16, at: node + 32)
    tables.setSymbol("slab_caches", caches)
    tables.setSymbol("nr_node_ids", tables.place([1, 0, 0, 0, 0, 0, 0, 0]))
  }

  /// Makes pages a slab of 2^order pages whose own free list begins at an object.
  public func addSlab(
    pfn: UInt64, order: Int, objects: UInt64, inUse: UInt64, freelist: UInt64?, cache: UInt64? = nil
  ) {
    let kernel = tables.kernel
    kernel.setSlab(pfn: pfn, order: order)
    let page = kernel.structPage(pfn)!
    kernel.memory.store(cache ?? self.cache, at: page + cacheOffset)
    kernel.memory.store(freelist ?? 0, at: page + 32)
    kernel.memory.store(inUse | objects << 16, at: page + 40)
  }

  public func object(_ index: UInt64, pfn: UInt64) -> UInt64 {
    tables.kernel.pageOffset + pfn << 12 + index * Self.objectSize
  }

  /// Stores words at the beginning of an object.
  public func store(_ words: UInt64..., inObject index: UInt64, of pfn: UInt64) {
    for (place, word) in words.enumerated() {
      tables.kernel.memory.store(
        word, at: object(index, pfn: pfn) - tables.kernel.pageOffset + UInt64(place) * 8)
    }
  }

  /// Stores the free pointers of a chain of objects.
  ///
  /// - Parameter pad: `red_left_pad`, which lies before the first object.
  public func link(_ chain: [UInt64], pfn: UInt64, pad: UInt64 = 0) {
    for (place, index) in chain.enumerated() {
      let next = place + 1 < chain.count ? object(chain[place + 1], pfn: pfn) + pad : 0
      let address = object(index, pfn: pfn) + pad + Self.pointerOffset
      let stored = coding.apply(next, at: address)
      tables.kernel.memory.store(stored, at: address - tables.kernel.pageOffset)
    }
  }
}
