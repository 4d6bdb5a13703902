import DumpFixtures
import DumpMemory
import KernelModel
import Testing

/// The kernel frees parts of its image after boot: what became of those pages is theirs to say, as of any others.
@Suite struct FreedImageTests {
  /// A kernel all of whose image is marked as reserved, with symbols for what it frees.
  private struct Machine {
    let tables: KernelWithTables
    var kernel: SyntheticKernel { tables.kernel }
    var image: Range<UInt64> { tables.kernel.image }
    let reserved: Int

    init(_ generation: KernelGeneration = .v6_12) {
      tables = KernelWithTables(generation)
      reserved = generation.flags.reserved
      for pfn in tables.kernel.image { tables.kernel.setFlag(pfn, bit: reserved) }
    }

    /// The virtual address of a page of the image, by its number.
    func address(_ page: UInt64, _ offset: UInt64 = 0) -> UInt64 { kernel.text + page << 12 + offset }
    func pfn(_ page: UInt64) -> UInt64 { image.lowerBound + page }

    func setSymbols(_ symbols: [String: UInt64]) {
      for (name, address) in symbols { tables.setSymbol(name, address) }
    }

    /// What the kernel does with a page of its image that it gives away, and what becomes of that.
    func free(_ page: UInt64, as use: (SyntheticKernel, UInt64) -> Void) { use(kernel, pfn(page)) }
  }

  private static let anonymous: @Sendable (SyntheticKernel, UInt64) -> Void = { $0.setAnonymous(pfn: $1) }
  private static let free: @Sendable (SyntheticKernel, UInt64) -> Void = { $0.setFree(pfn: $1) }
  private static let cache: @Sendable (SyntheticKernel, UInt64) -> Void = { $0.setCache(pfn: $1) }

  @Test(arguments: [KernelGeneration.v4_18, .v5_10, .v6_1, .v6_6, .v6_12, .v7_1])
  func `pages of the init sections are judged as others are, by each rule`(generation: KernelGeneration)
    throws
  {
    let machine = Machine(generation)
    machine.setSymbols(["__init_begin": machine.address(40), "__init_end": machine.address(60)])
    machine.free(41, as: Self.anonymous)
    machine.free(42, as: Self.free)
    machine.free(43, as: Self.cache)
    machine.free(44) { $0.setSlab(pfn: $1) }
    machine.free(45) { $0.resetPage($1) }
    let user = try Filtered(machine.kernel, level: 8, hasSymbols: true)
    #expect(user.excluded == [machine.pfn(41)])
    #expect(user.report.freedOfKernelImage == 5 && user.report.keptInKernelImage == 0)
    #expect(try Filtered(machine.kernel, level: 16, hasSymbols: true).excluded == [machine.pfn(42)])
    #expect(try Filtered(machine.kernel, level: 2, hasSymbols: true).excluded == [machine.pfn(43)])
    #expect(
      try Filtered(machine.kernel, level: 31, hasSymbols: true).excluded
        == Set((41...43).map { machine.pfn($0) }))
  }

  /// Each stretch that the kernel frees, in pages and bytes of them, and the pages that lie wholly in it.
  @Test(arguments: [
    (
      "__init_begin", "__init_end", 40 as UInt64, 0 as UInt64, 50 as UInt64, 0 as UInt64,
      40..<50 as Range<UInt64>
    ),
    ("__smp_locks", "__smp_locks_end", 40, 0, 41, 0, 40..<41),
    ("_etext", "__start_rodata", 39, 0x7f2, 50, 0, 40..<50),
    ("__end_rodata", "_sdata", 40, 1, 50, 0xfff, 41..<50),
    ("__start_bss_decrypted_unused", "__end_bss_decrypted", 40, 0, 50, 0, 40..<50),
  ])
  func `a page that lies in what is freed as a whole goes, and no other`(
    from: String, to: String, first: UInt64, firstByte: UInt64, last: UInt64, lastByte: UInt64,
    freed: Range<UInt64>
  ) throws {
    let machine = Machine()
    machine.setSymbols([from: machine.address(first, firstByte), to: machine.address(last, lastByte)])
    for page in 37..<54 as Range<UInt64> { machine.free(page, as: Self.anonymous) }
    let filtered = try Filtered(machine.kernel, level: 31, hasSymbols: true)
    #expect(filtered.excluded == Set(freed.map { machine.pfn($0) }))
    #expect(filtered.report.freedOfKernelImage == UInt64(freed.count))
    #expect(filtered.report.keptInKernelImage == 17 - UInt64(freed.count))
  }

  @Test func `of the brk area goes what lies behind its end`() throws {
    let machine = Machine()
    // The variable lies in a page that stays.
    let place = machine.tables.place([])
    machine.kernel.memory.store(machine.address(44, 8), at: try #require(machine.kernel.translate(place)))
    machine.setSymbols([
      "__brk_base": machine.address(40), "__brk_limit": machine.address(60), "_brk_end": place,
    ])
    for page in 40..<62 as Range<UInt64> { machine.free(page, as: Self.free) }
    #expect(
      try Filtered(machine.kernel, level: 16, hasSymbols: true).excluded
        == Set((45..<60 as Range<UInt64>).map { machine.pfn($0) }))
    // An end that is none leaves all of it in the dump.
    machine.kernel.memory.store(machine.address(61), at: try #require(machine.kernel.translate(place)))
    #expect(try Filtered(machine.kernel, level: 16, hasSymbols: true).excluded.isEmpty)
  }

  @Test func `a page that is still reserved stays, whatever else its flags say`() throws {
    let machine = Machine()
    machine.setSymbols(["__init_begin": machine.address(40), "__init_end": machine.address(60)])
    machine.free(41, as: Self.anonymous)
    machine.kernel.setFlag(machine.pfn(41), bit: machine.reserved)
    machine.free(42, as: Self.free)
    machine.kernel.setFlag(machine.pfn(42), bit: machine.reserved)
    let filtered = try Filtered(machine.kernel, level: 31, hasSymbols: true)
    #expect(filtered.excluded.isEmpty)
    #expect(filtered.report.freedOfKernelImage == 0 && filtered.report.keptInKernelImage == 2)
  }

  /// idt_table with a stale PG_lru: makedumpfile left it out.
  @Test func `text and data stay though nothing marks them as reserved`() throws {
    let machine = Machine()
    machine.setSymbols([
      "__init_begin": machine.address(40), "__init_end": machine.address(60),
      "_etext": machine.address(10), "__start_rodata": machine.address(12),
    ])
    for page in [2, 9, 12, 39, 60] as [UInt64] { machine.free(page, as: Self.cache) }
    #expect(try Filtered(machine.kernel, level: 31, hasSymbols: true).excluded.isEmpty)
  }

  @Test func `without symbols everything of the image stays`() throws {
    let machine = Machine()
    machine.setSymbols(["__init_begin": machine.address(40)])
    for page in 40..<50 as Range<UInt64> { machine.free(page, as: Self.free) }
    let filtered = try Filtered(machine.kernel, level: 31, hasSymbols: true)
    #expect(filtered.excluded.isEmpty)
    #expect(filtered.report.kernelImageEvidence?.contains("no symbols tell") == true)
  }

  @Test func `where the text is not marked the bit is not believed`() throws {
    let machine = Machine()
    machine.setSymbols(["__init_begin": machine.address(40), "__init_end": machine.address(60)])
    machine.free(41, as: Self.free)
    machine.kernel.resetPage(machine.pfn(0))
    let filtered = try Filtered(machine.kernel, level: 31, hasSymbols: true)
    #expect(filtered.excluded.isEmpty)
    #expect(filtered.report.kernelImageEvidence?.contains("not marked as reserved") == true)
  }

  @Test func `symbols that make no sense free nothing`() throws {
    let machine = Machine()
    for page in 40..<50 as Range<UInt64> { machine.free(page, as: Self.free) }
    for (from, to) in [
      (machine.address(50), machine.address(40)), (0, machine.address(60)), (machine.address(40), UInt64.max),
      (0xffff_8880_0000_0000, 0xffff_8880_0100_0000), (UInt64.max, UInt64.max),
    ] {
      machine.setSymbols(["__init_begin": from, "__init_end": to])
      #expect(try Filtered(machine.kernel, level: 31, hasSymbols: true).excluded.isEmpty)
    }
  }

  @Test func `BTF says which bit is PG_reserved`() throws {
    let machine = Machine()
    machine.setSymbols(["__init_begin": machine.address(40), "__init_end": machine.address(60)])
    machine.free(41, as: Self.free)
    // A kernel that keeps PG_reserved elsewhere: its image has another bit, and so has a freed page the known one.
    for pfn in machine.image where pfn != machine.pfn(41) {
      machine.kernel.setRaw(
        pfn, flags: machine.kernel.pageFlags(pfn) & ~(1 << UInt64(machine.reserved)) | 1 << 27)
    }
    machine.kernel.setFlag(machine.pfn(41), bit: machine.reserved)
    #expect(try Filtered(machine.kernel, level: 31, hasSymbols: true).excluded.isEmpty)
    var types = BTFBuilder()
    _ = types.enumeration("pageflags", [("PG_locked", 0), ("PG_reserved", 27)])
    machine.tables.setTypes(types)
    #expect(try Filtered(machine.kernel, level: 31, hasSymbols: true).excluded == [machine.pfn(41)])
  }
}
