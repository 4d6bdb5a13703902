import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@Suite struct SymbolsSlabTests {
  @Test(
    arguments: [
      (KernelGeneration.v5_1, .plain), (.v5_1, .mixed), (.v5_1, .mixedSwapped), (.v5_10, .mixedSwapped),
      (.v6_1, .plain), (.v6_6, .mixedSwapped), (.v6_10, .mixedSwapped), (.v6_12, .mixed),
    ] as [(KernelGeneration, FreePointerCoding)])
  func `a slab in low memory is described without looking into it`(
    generation: KernelGeneration, coding: FreePointerCoding
  ) throws {
    let slabs = SlabFixture(generation, coding)
    let head = slabs.object(3, pfn: 0x10)
    // Nothing sensible lies in the low slab: that is what damaged memory looks like.
    slabs.addSlab(pfn: 0x10, order: 1, objects: 16, inUse: 5, freelist: head)
    slabs.addSlab(pfn: 0x30, order: 0, objects: 8, inUse: 8, freelist: nil)
    for pfn in [0x200, 0x204, 0x208] as [UInt64] {
      slabs.addSlab(pfn: pfn, order: 1, objects: 16, inUse: 13, freelist: slabs.object(4, pfn: pfn))
      slabs.link([4, 9, 1], pfn: pfn)
    }
    let walk = try slabs.walk()
    #expect(walk.coding == coding)
    #expect(walk.probes.right == 3 && walk.probes.wrong == 0)
    #expect(walk.slabs.map(\.frames) == [PFN(0x10)..<PFN(0x12), PFN(0x30)..<PFN(0x31)])
    let slab = try #require(walk.slabs.first)
    #expect(slab.cacheName == "dma-kmalloc-512")
    #expect(slab.cache.rawValue == slabs.cache)
    #expect(slab.objectSize == 512 && slab.pointerOffset == 256 && slab.objects == 16 && slab.inUse == 5)
    #expect(slab.random == (coding == .plain ? nil : SlabFixture.random))
    #expect(slab.swabs == (coding == .mixedSwapped))
    #expect(slab.freelists == [VirtualAddress(head)])
    #expect(slab.start == PhysicalAddress(0x10000))
    #expect(slab.pointerPlace(3) == slab.object(3) + 256)
    #expect(slab.object(15).rawValue == slabs.object(15, pfn: 0x10))
    #expect(slab.isPossible(0) && slab.isPossible(head) && !slab.isPossible(head + 8))
    #expect(slab.index(of: slabs.object(16, pfn: 0x10)) == nil)
    #expect(slab.coded(slab.coded(head, ofObject: 2), ofObject: 2) == head)
    #expect(walk.slabs[1].freelists.isEmpty)
  }

  @Test func `the free list that a processor holds is found by its slab`() throws {
    let slabs = SlabFixture(.v6_1, .plain, processors: 2)
    let kernel = slabs.tables.kernel
    slabs.addSlab(pfn: 0x20, order: 1, objects: 16, inUse: 16, freelist: nil)
    // kmem_cache.cpu_slab is 0x33000; the second processor's area is in the kernel's image.
    var area = [UInt8](repeating: 0, count: 32)
    area.storeLittleEndian(slabs.object(7, pfn: 0x20), at: 0)
    area.storeLittleEndian(kernel.structPageAddress(0x20), at: 16)
    let place = slabs.tables.place(area)
    var offsets = [UInt8](repeating: 0, count: 16)
    offsets.storeLittleEndian(slabs.tables.nextAddress + 0x1000 &- 0x33000, at: 0)
    offsets.storeLittleEndian(place &- 0x33000, at: 8)
    slabs.tables.setSymbol("__per_cpu_offset", slabs.tables.place(offsets))
    #expect(try slabs.walk().slabs.map(\.freelists) == [[VirtualAddress(slabs.object(7, pfn: 0x20))]])
  }

  /// Bit 31 up to 6.9; then what is left of the configuration's, by name.
  @Test func `whether free objects are poisoned is told by the cache's flags`() throws {
    func isPoisoned(_ flags: UInt32, _ bits: [(String, Int32)] = []) throws -> Bool {
      let slabs = SlabFixture(.v6_12, .plain, flags: flags, flagBits: bits)
      slabs.addSlab(pfn: 0x10, order: 0, objects: 8, inUse: 8, freelist: nil)
      let slab = try #require(try slabs.walk().slabs.first)
      #expect(slab.contentSize == SlabFixture.contentSize && slab.zoneEnd == SlabFixture.zoneEnd)
      return slab.poisonsObjects
    }
    #expect(try isPoisoned(1 << 31) && !isPoisoned(1 << 11))
    let bits: [(String, Int32)] = [("_SLAB_POISON", 2), ("_SLAB_OBJECT_POISON", 19)]
    #expect(try isPoisoned(1 << 19, bits) && !isPoisoned(1 << 31, bits))
    #expect(try !isPoisoned(~0, [("_SLAB_HWCACHE_ALIGN", 0)]))
  }

  @Test func `slabs whose numbers cannot be are left out and counted`() throws {
    let slabs = SlabFixture(.v6_1, .mixedSwapped)
    slabs.addSlab(pfn: 0x10, order: 0, objects: 9, inUse: 1, freelist: nil)
    slabs.addSlab(pfn: 0x11, order: 0, objects: 8, inUse: 9, freelist: nil)
    slabs.addSlab(pfn: 0x12, order: 0, objects: 0, inUse: 0, freelist: nil)
    slabs.addSlab(pfn: 0x13, order: 0, objects: 8, inUse: 1, freelist: nil, cache: 0x1234)
    slabs.addSlab(pfn: 0x14, order: 0, objects: 8, inUse: 1, freelist: nil, cache: 0xffff_8880_9999_0000)
    slabs.addSlab(pfn: 0x15, order: 0, objects: 8, inUse: 1, freelist: nil)
    let walk = try slabs.walk()
    #expect(walk.slabs.map(\.frames.lowerBound) == [PFN(0x15)])
    #expect(walk.implausible == 5)
  }

  @Test func `free pointers that lead nowhere even in sound memory stop the walk`() throws {
    let slabs = SlabFixture(.v6_1, .mixedSwapped)
    slabs.addSlab(pfn: 0x200, order: 1, objects: 16, inUse: 13, freelist: slabs.object(4, pfn: 0x200))
    #expect(throws: KernelError.self) { try slabs.walk() }
  }

  @Test func `without a slab to learn from, the release decides`() throws {
    #expect(try SlabFixture(.v5_1, .mixed).walk().coding == .mixed)
    #expect(try SlabFixture(.v5_10, .mixedSwapped).walk().coding == .mixedSwapped)
    #expect(try SlabFixture(.v6_1, .plain).walk().coding == .plain)
  }

  @Test func `a red zone before objects moves them and their pointers`() throws {
    let slabs = SlabFixture(.v6_1, .plain, redLeftPad: 64)
    slabs.addSlab(pfn: 0x10, order: 0, objects: 8, inUse: 1, freelist: slabs.object(2, pfn: 0x10) + 64)
    let slab = try #require(try slabs.walk().slabs.first)
    #expect(slab.object(2).rawValue == slabs.object(2, pfn: 0x10) + 64)
    #expect(slab.freelists == [slab.object(2)])
    #expect(slab.index(of: slab.object(2).rawValue) == 2)
    #expect(slab.index(of: slabs.object(2, pfn: 0x10)) == nil)
  }

  @Test func `a kernel whose types have no SLUB is said to have none`() throws {
    let tables = KernelWithTables()
    var builder = BTFBuilder()
    let long = builder.integer("long unsigned int", 8)
    _ = builder.structure("page", 64, [.init(name: "flags", type: long, offset: 0)])
    let btf = builder.build()
    let start = tables.place(btf)
    tables.setSymbol("__start_BTF", start)
    tables.setSymbol("__stop_BTF", start + UInt64(btf.count))
    let opened = try tables.open()
    let kind = SymbolErrorKind.of { () throws(KernelError) in
      var memory = try SymbolErrorKind.opening { () throws(VmcoreError) in
        try opened.kernel.memory()
      }
      _ = try SlabWalk(opened.kernel, in: &memory)
    }
    #expect(kind == .absent)
  }
}
