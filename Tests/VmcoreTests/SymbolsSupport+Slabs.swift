import DumpFixtures
import DumpMemory
import KernelModel

/// Slabs of SLUB in a synthetic kernel: types, a cache, a slab below 640 KiB and others above 1 MiB.
struct SlabFixture {
  let tables: KernelWithTables
  private let coding: FreePointerCoding
  /// Where the words of a slab are in its `struct page`.
  private let cacheOffset: UInt64
  let cache: UInt64

  static let random: UInt64 = 0x6e86_8f87_39bc_1633
  static let objectSize: UInt64 = 512
  static let pointerOffset: UInt64 = 256
  static let contentSize = 480
  static let zoneEnd = 488

  init(
    _ generation: KernelGeneration, _ coding: FreePointerCoding, redLeftPad: UInt32 = 0, flags: UInt32 = 0,
    flagBits: [(String, Int32)] = [], processors: Int = 1, types more: (inout BTFBuilder) -> Void = { _ in }
  ) {
    let tables = KernelWithTables(generation) { $0.cpus = processors }
    self.tables = tables
    self.coding = coding
    // struct page's slab_cache shared its word with `mapping`; struct slab moved it in 6.3.
    cacheOffset = generation.version >= KernelGeneration.Version(6, 3) ? 8 : 24
    let btf = Self.types(
      separate: generation.version >= KernelGeneration.Version(5, 17), cacheOffset: Int(cacheOffset),
      hardened: coding != .plain, flagBits: flagBits, more: more)
    let start = tables.place(btf)
    tables.setSymbol("__start_BTF", start)
    tables.setSymbol("__stop_BTF", start + UInt64(btf.count))
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
        .init(name: "freelist", type: pointer, offset: 256), .init(name: "", type: counters, offset: 320),
      ])
    var cache: [BTFBuilder.Member] = [
      .init(name: "cpu_slab", type: pointer, offset: 0), .init(name: "size", type: int, offset: 192),
      .init(name: "offset", type: int, offset: 320), .init(name: "red_left_pad", type: int, offset: 704),
      .init(name: "name", type: pointer, offset: 768), .init(name: "flags", type: int, offset: 64),
      .init(name: "object_size", type: int, offset: 224), .init(name: "inuse", type: int, offset: 640),
    ]
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

  /// Makes pages a slab of 2^order pages whose own free list begins at an object.
  func addSlab(
    pfn: UInt64, order: Int, objects: UInt64, inUse: UInt64, freelist: UInt64?, cache: UInt64? = nil
  ) {
    let kernel = tables.kernel
    kernel.setSlab(pfn: pfn, order: order)
    let page = kernel.structPage(pfn)!
    kernel.memory.store(cache ?? self.cache, at: page + cacheOffset)
    kernel.memory.store(freelist ?? 0, at: page + 32)
    kernel.memory.store(inUse | objects << 16, at: page + 40)
  }

  func object(_ index: UInt64, pfn: UInt64) -> UInt64 {
    tables.kernel.pageOffset + pfn << 12 + index * Self.objectSize
  }

  /// Stores the free pointers of a chain of objects.
  func link(_ chain: [UInt64], pfn: UInt64) {
    for (place, index) in chain.enumerated() {
      let next = place + 1 < chain.count ? object(chain[place + 1], pfn: pfn) : 0
      let address = object(index, pfn: pfn) + Self.pointerOffset
      let stored = coding.apply(next, at: VirtualAddress(address), random: Self.random)
      tables.kernel.memory.store(stored, at: address - tables.kernel.pageOffset)
    }
  }

  func walk() throws -> SlabWalk {
    let opened = try tables.open()
    var memory = try opened.kernel.memory()
    return try SlabWalk(opened.kernel, in: &memory)
  }
}
