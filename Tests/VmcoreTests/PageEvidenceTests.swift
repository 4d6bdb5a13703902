import DumpFixtures
import DumpMemory
import KernelModel
import Testing

/// What a kernel says of itself counts, and not what its release is called.
@Suite struct PageEvidenceTests {
  private static func populate(_ kernel: SyntheticKernel) {
    kernel.setCache(pfn: 16, order: 4)
    kernel.setCache(pfn: 3, hasPrivate: true)
    kernel.setSwapCache(pfn: 5)
    kernel.setAnonymous(pfn: 64, order: 5)
    kernel.setKernelCompound(pfn: 144, order: 3)
    kernel.setSlab(pfn: 152, order: 3, mappingWord: 0xffff_8880_0000_0001)
    kernel.setFree(pfn: 512, order: 8)
  }

  /// The same with room for a huge page.
  private static func kernel(_ generation: KernelGeneration) -> SyntheticKernel {
    var configuration = KernelConfiguration(generation)
    configuration.ram = [0..<2048]
    let kernel = SyntheticKernel(configuration)
    populate(kernel)
    return kernel
  }

  @Test(
    arguments: KernelGeneration.all,
    ["3.10.0-1160.el7.x86_64", "4.18.0-553.el8.x86_64", "5.14.0-503.el9.x86_64", "2.6.32", "12.0.0"])
  func `enterprise kernels carry new pages under old releases`(generation: KernelGeneration, release: String)
    throws
  {
    let kernel = Self.kernel(generation)
    kernel.setHugetlb(pfn: 1024)
    kernel.setKey("OSRELEASE", release)
    let opened = try OpenedVmcore(kernel.vmcore())
    for level in [1, 2, 4, 8, 16, 31] {
      let filtered = try Filtered(opened, kernel.vmcoreinfoText, level: level)
      #expect(filtered.excluded == kernel.expectedExclusions(level: level), "level \(level)")
      #expect(filtered.report.warnings.isEmpty)
    }
  }

  /// Without hugetlbfs nothing names its pages, and compound pages have their order as in any other kernel.
  @Test(arguments: KernelGeneration.all)
  func `compound pages are known without hugetlbfs too`(generation: KernelGeneration) throws {
    let kernel = Self.kernel(generation)
    for key in [
      "NUMBER(HUGETLB_PAGE_DTOR)", "NUMBER(PG_hugetlb)", "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)",
      "SYMBOL(free_huge_page)",
    ] { kernel.removeKey(key) }
    #expect(try Filtered(kernel, level: 31).excluded == kernel.expectedExclusions(level: 31))
  }

  @Test(arguments: [
    "NUMBER(PAGE_GUARD_MAPCOUNT_VALUE)", "NUMBER(PG_new)", "OFFSET(page.compound_next)", "OFFSET(folio._new)",
  ])
  func `a key of pages that is new is named`(key: String) throws {
    let kernel = SyntheticKernel(.v7_1)
    Self.populate(kernel)
    kernel.setKey(key, "7")
    let filtered = try Filtered(kernel, level: 31)
    #expect(filtered.report.warnings.count == 1)
    #expect(filtered.report.warnings.first?.contains("VMCOREINFO has \(key), which") == true)
    #expect(filtered.excluded == kernel.expectedExclusions(level: 31))
  }

  @Test func `many new keys are named in part and counted`() throws {
    let kernel = SyntheticKernel(.v7_1)
    kernel.setFree(pfn: 8)
    for number in 0..<20 { kernel.setKey("NUMBER(PG_new\(number))", "7") }
    let warning = try #require(try Filtered(kernel, level: 31).report.warnings.first)
    #expect(warning.contains("NUMBER(PG_new7)") && !warning.contains("NUMBER(PG_new8)"))
    #expect(warning.contains("and 12 more"))
  }

  @Test(arguments: [
    "NUMBER(PG_slab)", "OFFSET(page.private)", "OFFSET(page._mapcount)", "NUMBER(PG_head_mask)",
  ])
  func `a key that is missing is named`(key: String) throws {
    let kernel = SyntheticKernel(.v6_1)
    kernel.setFree(pfn: 8)
    kernel.removeKey(key)
    let name = String(key.drop { $0 != "(" })
    #expect(try Filtered(kernel, level: 31).report.warnings.contains { $0.contains(name) })
  }

  // MARK: BTF

  private static func machine(_ flags: [(String, Int32)], _ types: [(String, Int32)]) -> KernelWithTables {
    let machine = KernelWithTables(.v6_12)
    populate(machine.kernel)
    var builder = BTFBuilder()
    _ = builder.integer("int", 4)
    _ = builder.enumeration("other", [("PG_no_flag_at_all", 3)])
    if !flags.isEmpty { _ = builder.enumeration("pageflags", flags) }
    _ = builder.structure("page", 64, [])
    if !types.isEmpty { _ = builder.enumeration("pagetype", types) }
    machine.setTypes(builder)
    return machine
  }

  /// As the fixture's 6.12 has them.
  private static var flags: [(String, Int32)] {
    let bits = KernelGeneration.v6_12.flags
    return [
      ("PG_locked", 0), ("PG_lru", Int32(bits.lru)), ("PG_head", Int32(bits.head)),
      ("PG_swapcache", Int32(bits.swapcache)), ("PG_reserved", Int32(bits.reserved)),
      ("PG_private", Int32(bits.privateBit)), ("PG_swapbacked", Int32(bits.swapbacked)),
      ("PG_hwpoison", Int32(bits.hwpoison)), ("__NR_PAGEFLAGS", 28),
    ]
  }

  private static let types: [(String, Int32)] = [
    ("PGTY_buddy", 0xf0), ("PGTY_offline", 0xf1), ("PGTY_hugetlb", 0xf4), ("PGTY_slab", 0xf5),
    ("PGTY_mapcount_underflow", 0xff),
  ]

  @Test func `BTF that agrees is no news`() throws {
    let machine = Self.machine(Self.flags, Self.types)
    let filtered = try Filtered(machine.kernel, level: 31, hasSymbols: true)
    #expect(filtered.report.warnings.isEmpty, "\(filtered.report.warnings)")
    #expect(filtered.excluded == machine.kernel.expectedExclusions(level: 31))
  }

  @Test func `flags and types that are new are named`() throws {
    let machine = Self.machine(Self.flags + [("PG_novel", 27)], Self.types + [("PGTY_novel", 0xe9)])
    let warnings = try Filtered(machine.kernel, level: 31, hasSymbols: true).report.warnings
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("PG_novel, PGTY_novel") == true)
  }

  @Test(arguments: [
    "PG_lru", "PG_private", "PG_swapcache", "PG_swapbacked", "PG_hwpoison", "PG_head_mask",
    "PAGE_BUDDY_MAPCOUNT_VALUE", "PAGE_OFFLINE_MAPCOUNT_VALUE", "PAGE_HUGETLB_MAPCOUNT_VALUE",
    "PAGE_SLAB_MAPCOUNT_VALUE",
  ])
  func `a number that VMCOREINFO lacks is taken from BTF`(name: String) throws {
    let machine = Self.machine(Self.flags, Self.types)
    machine.kernel.removeNumber(name)
    let filtered = try Filtered(machine.kernel, level: 31, hasSymbols: true)
    #expect(filtered.excluded == machine.kernel.expectedExclusions(level: 31))
    #expect(filtered.report.warnings.count == 1)
    #expect(filtered.report.warnings.first?.contains("lacks NUMBER(\(name)), which is taken from") == true)
  }

  @Test func `where the two do not agree, VMCOREINFO is believed and that is said`() throws {
    var flags = Self.flags
    flags[1].1 += 13
    let machine = Self.machine(flags, Self.types.map { ($0.0, $0.0 == "PGTY_slab" ? 0xf9 : $0.1) })
    let filtered = try Filtered(machine.kernel, level: 31, hasSymbols: true)
    #expect(filtered.excluded == machine.kernel.expectedExclusions(level: 31))
    #expect(filtered.report.warnings.count == 1)
    #expect(
      filtered.report.warnings.first?.contains("NUMBER(PG_lru), NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)") == true)
  }

  @Test func `damaged BTF is as good as none`() throws {
    for claim in [UInt32(8), 1 << 30] {
      let machine = KernelWithTables(.v6_12)
      Self.populate(machine.kernel)
      var builder = BTFBuilder()
      _ = builder.enumeration("pageflags", Self.flags)
      builder.claimedTypeLength = claim
      machine.setTypes(builder)
      let filtered = try Filtered(machine.kernel, level: 31, hasSymbols: true)
      #expect(filtered.excluded == machine.kernel.expectedExclusions(level: 31))
      #expect(filtered.report.warnings.isEmpty)
    }
  }
}
