internal import DumpMemory

/// Writes VMCOREINFO from a kernel's symbols and types, for what the kernel does not tell itself.
///
/// The lines are those of kernel/vmcore_info.c and of `makedumpfile -g`; what the kernel lacks has no line.
/// Macros are in no type information: where a number is one, the release decides.
public struct VMCOREINFOMaker: ~Copyable {
  private let version: KernelVersion
  private let types: BTF
  private var lines: [String] = []

  /// Symbols that are worth a line, in the order of the lines.
  public static let symbols = [
    "mem_map", "mem_section", "init_uts_ns", "_stext", "swapper_pg_dir", "init_level4_pgt",
    "level4_kernel_pgt", "init_top_pgt", "vmlist", "vmap_area_list", "node_states", "node_data",
    "contig_page_data", "prb", "clear_seq", "log_buf", "log_buf_len", "log_first_idx", "clear_idx",
    "log_next_idx", "max_pfn", "high_memory", "free_huge_page", "kallsyms_names", "kallsyms_num_syms",
    "kallsyms_token_table", "kallsyms_token_index", "kallsyms_offsets", "kallsyms_relative_base",
  ]

  private static let structures = [
    "page", "mem_section", "pglist_data", "zone", "free_area", "list_head", "nodemask_t",
    "printk_ringbuffer", "prb_desc", "printk_info", "latched_seq", "printk_log",
  ]

  private static let members = [
    "page.flags", "page._refcount", "page.mapping", "page.lru", "page._mapcount", "page.private",
    "page.compound_dtor", "page.compound_order", "page.compound_head", "page.compound_info",
    "folio._folio_dtor", "folio._folio_order", "mem_section.section_mem_map", "pglist_data.node_zones",
    "pglist_data.nr_zones", "pglist_data.node_mem_map", "pglist_data.node_start_pfn",
    "pglist_data.node_spanned_pages", "pglist_data.node_id", "zone.free_area", "zone.vm_stat",
    "zone.spanned_pages", "free_area.free_list", "list_head.next", "list_head.prev", "vm_struct.addr",
    "vmap_area.va_start", "vmap_area.list", "printk_ringbuffer.desc_ring",
    "printk_ringbuffer.text_data_ring", "prb_desc_ring.count_bits", "prb_desc_ring.descs",
    "prb_desc_ring.infos", "prb_desc_ring.head_id", "prb_desc_ring.tail_id", "prb_desc.state_var",
    "prb_desc.text_blk_lpos", "prb_data_blk_lpos.begin", "prb_data_blk_lpos.next",
    "prb_data_ring.size_bits", "prb_data_ring.data", "printk_info.ts_nsec", "printk_info.text_len",
    "printk_info.caller_id", "atomic_long_t.counter", "latched_seq.val", "printk_log.ts_nsec",
    "printk_log.len", "printk_log.text_len", "printk_log.caller_id", "uts_namespace.name",
  ]

  private static let arrays = ["zone.free_area", "free_area.free_list"]

  private static let counts = ["NR_FREE_PAGES", "N_ONLINE", "PG_head", "HUGETLB_PAGE_DTOR"]

  private static let flags = [
    "PG_lru", "PG_private", "PG_swapcache", "PG_swapbacked", "PG_slab", "PG_hwpoison", "PG_hugetlb",
  ]

  /// Types of pages, the bits that they had before they were enumerators, and since when.
  private static let pageTypes: [(name: String, type: String, bit: Int32, since: KernelVersion)] = [
    ("PAGE_BUDDY_MAPCOUNT_VALUE", "buddy", 0x80, KernelVersion(4, minor: 18)),
    ("PAGE_OFFLINE_MAPCOUNT_VALUE", "offline", 0x100, KernelVersion(5, minor: 1)),
    ("PAGE_HUGETLB_MAPCOUNT_VALUE", "hugetlb", 0x800, KernelVersion(6, minor: 9)),
    ("PAGE_SLAB_MAPCOUNT_VALUE", "slab", 0x1000, KernelVersion(6, minor: 10)),
    ("PAGE_UNACCEPTED_MAPCOUNT_VALUE", "unaccepted", 0, KernelVersion(6, minor: 12)),
  ]

  /// What the lines are made of.
  static let wantedTypes: WantedTypes = {
    var wanted = WantedTypes()
    let owners = members.map { String($0.prefix { $0 != "." }) }
    wanted.structures = Set(structures + owners)
    wanted.typedefs = wanted.structures.filter { $0.hasSuffix("_t") }
    wanted.structures.subtract(wanted.typedefs)
    wanted.enumerators = Set(counts + flags + pageTypes.flatMap { ["PGTY_\($0.type)", "PG_\($0.type)"] })
    return wanted
  }()

  /// - Parameters:
  ///   - release: `uname -r` of the kernel.
  ///   - pageSize: that it was built with.
  ///   - addresses: what is known of ``symbols``.
  /// - Throws: ``KernelError/malformed(_:)`` if the release cannot be read or the types are no kernel's.
  public static func text(
    release: String, buildID: String?, pageSize: Int, addresses: [String: UInt64], types: consuming BTF
  ) throws(KernelError) -> String {
    guard let version = KernelVersion(release: release) else {
      throw .malformed("its release \(release) cannot be read")
    }
    guard types.size("page") != nil else { throw .malformed("its types have no struct page") }
    var maker = VMCOREINFOMaker(version, types: types)
    maker.lines = ["OSRELEASE=\(release)"]
    if let buildID { maker.lines.append("BUILD-ID=\(buildID)") }
    maker.lines.append("PAGESIZE=\(pageSize)")
    for name in symbols {
      if let address = addresses[name] {
        maker.lines.append("SYMBOL(\(name))=" + String(address, radix: 16))
      }
    }
    maker.addStructures()
    maker.addFlags()
    maker.addPageTypes()
    return maker.lines.joined(separator: "\n") + "\n"
  }

  private init(_ version: KernelVersion, types: consuming BTF) {
    self.version = version
    self.types = types
  }

  private mutating func addStructures() {
    for name in Self.structures {
      if let size = types.size(name) { lines.append("SIZE(\(name))=\(size)") }
    }
    for name in Self.members {
      if let offset = member(name)?.offset { lines.append("OFFSET(\(name))=\(offset)") }
    }
    for name in Self.arrays {
      if let length = member(name)?.length { lines.append("LENGTH(\(name))=\(length)") }
    }
  }

  private func member(_ name: String) -> BTF.Member? {
    guard let dot = name.firstIndex(of: ".") else { return nil }
    return types.member(String(name[..<dot]), path: String(name[name.index(after: dot)...]))
  }

  private mutating func number(_ name: String, _ value: Int64?) {
    if let value { lines.append("NUMBER(\(name))=\(value)") }
  }

  private mutating func addFlags() {
    number("NR_FREE_PAGES", types.value(ofEnumerator: "NR_FREE_PAGES"))
    number("N_ONLINE", types.value(ofEnumerator: "N_ONLINE"))
    for name in Self.flags {
      // Linux 6.11 has page types of such names, too.
      if let bit = types.value(ofEnumerator: name), bit < 64 { number(name, bit) }
    }
    if let head = types.value(ofEnumerator: "PG_head"), head < 64 { number("PG_head_mask", 1 << head) }
    number("HUGETLB_PAGE_DTOR", types.value(ofEnumerator: "HUGETLB_PAGE_DTOR"))
  }

  /// What `_mapcount` says of a page: include/linux/page-flags.h.
  private mutating func addPageTypes() {
    for (name, type, bit, since) in Self.pageTypes {
      if let value = types.value(ofEnumerator: "PGTY_\(type)") {
        // Linux 6.12: a number in the top byte.
        number(name, Int64(Int32(truncatingIfNeeded: value << 24)))
      } else if let value = types.value(ofEnumerator: "PG_\(type)"), value >= 64 {
        // Linux 6.11: a bit that is cleared.
        number(name, Int64(~Int32(truncatingIfNeeded: value)))
      } else if bit != 0, version >= since, version < KernelVersion(6, minor: 11) {
        number(name, Int64(~bit))
      }
    }
    if version < KernelVersion(4, minor: 18) { number("PAGE_BUDDY_MAPCOUNT_VALUE", -128) }
  }
}

extension VmlinuxFile {
  /// The page size that the kernel was built with: an arm64 image says it in its header (Documentation/arch/arm64/booting.rst),
  /// bits 1 and 2 of `flags`.
  private func pageSize() throws(KernelError) -> Int {
    guard machine == .arm64 else { return MachineKind.x86_64.leastGeometry.size }
    let flags = "_kernel_flags_le_lo32"
    guard let code = try values(of: [flags])[flags].map({ Int($0 >> 1 & 3) }), code > 0 else {
      throw .absent("it has no symbol \(flags) that tells the size of its pages")
    }
    return MachineKind.arm64.geometries[code - 1].size
  }

  /// VMCOREINFO of this kernel, its symbols before KASLR.
  ///
  /// - Throws: ``KernelError/absent(_:)`` where the file has no symbols, no `linux_banner` or no types.
  public func vmcoreinfo() throws(KernelError) -> String {
    let addresses = try values(of: VMCOREINFOMaker.symbols)
    guard addresses["init_uts_ns"] != nil else { throw .absent("it has no symbol init_uts_ns") }
    guard let release = try release() else { throw .absent("it has no linux_banner that names its release") }
    guard let btf = try types(VMCOREINFOMaker.wantedTypes) else {
      throw .absent("it has neither .BTF (CONFIG_DEBUG_INFO_BTF) nor debug information (DWARF)")
    }
    return try VMCOREINFOMaker.text(
      release: release, buildID: try buildID(), pageSize: try pageSize(), addresses: addresses, types: btf)
  }
}
