internal import DumpMemory
internal import Platform

/// What VMCOREINFO and BTF say of pages, held against what the page rules know.
///
/// A release says nothing of a kernel whose distribution carries changes to older ones, and nothing of one that is
/// not yet known. Where the names that a kernel has are those that are known, the rules are right; where one is new
/// or missing, that is said.
struct PageEvidence {
  /// `enum pageflags`; nil where the vmcore has no BTF.
  let flags: BTF.Enumerators?
  /// `enum pagetype`, from 6.11.
  let types: BTF.Enumerators?
  private let info: VMCOREINFO
  /// Why BTF was not asked: a kernel without any that can be read is one of many, but this is the machine's doing.
  let failure: SystemError?

  /// Reads both.
  init(_ kernel: Kernel, in memory: inout KernelMemory) {
    info = kernel.info
    let symbols = kernel.symbolsAtHand(KernelTypes.symbols)
    let names = ["pageflags", "pagetype"]
    var found: [String: BTF.Enumerators] = [:]
    var failure: SystemError?
    do throws(KernelError) { found = try symbols.findEnumerations(named: names, &memory) } catch {
      if case .system(let error) = error { failure = error }
    }
    self.failure = failure
    flags = found["pageflags"]
    types = found["pagetype"]
  }

  /// PG_reserved: as BTF has it; else the bit below PG_private, where it was in every release from 3.10 to 7.3.
  var reserved: UInt64? {
    let number = flags?["PG_reserved"] ?? info.number("PG_private").map { $0 &- 1 }
    return number.flatMap { (0..<64).contains($0) ? 1 << UInt64($0) : nil }
  }

  /// Lines that VMCOREINFO lacks and that BTF can give.
  var supplement: [String] {
    var lines: [String] = []
    for name in Self.exportedFlags where info.number(name) == nil {
      // From 6.10 slabs have a type and no flag.
      if let number = flags?[name], (0..<64).contains(number) { lines.append("NUMBER(\(name))=\(number)") }
    }
    if info.number("PG_head_mask") == nil, let number = flags?["PG_head"], (0..<63).contains(number) {
      lines.append("NUMBER(PG_head_mask)=\(Int64(1) << number)")
    }
    for name in Self.exportedTypes where info.number("PAGE_\(name)_MAPCOUNT_VALUE") == nil {
      if let number = types?["PGTY_\(name.lowercased())"], (0xf0...0xff).contains(number) {
        let value = Int32(truncatingIfNeeded: number << 24)
        lines.append("NUMBER(PAGE_\(name)_MAPCOUNT_VALUE)=\(value)")
      }
    }
    return lines
  }

  private static let exportedFlags = [
    "PG_lru", "PG_private", "PG_swapcache", "PG_swapbacked", "PG_slab", "PG_hwpoison",
  ]
  private static let exportedTypes = ["BUDDY", "OFFLINE", "HUGETLB", "SLAB"]

  /// What of it should make the reader of the dump doubt, a line for each kind.
  var warnings: [String] {
    var lines: [String] = []
    func warn(_ names: [String], subject: String, rest: String) {
      if names.isEmpty { return }
      let shown = names.prefix(Self.mostNames).joined(separator: ", ")
      let more = names.count > Self.mostNames ? " and \(names.count - Self.mostNames) more" : ""
      lines.append("\(subject) \(shown)\(more)\(rest)")
    }
    if let failure {
      lines.append("the kernel's BTF was not asked: \(failure): pages are judged by VMCOREINFO alone")
    }
    warn(
      newKeys, subject: "VMCOREINFO has",
      rest: ", which this version does not know: pages may be kept or left out wrongly")
    warn(
      newEnumerators, subject: "the kernel's BTF has",
      rest: ", which this version does not know: pages of that kind are judged by the rules for others")
    warn(
      contradictions, subject: "VMCOREINFO and the kernel's BTF do not agree on",
      rest: ": VMCOREINFO is believed")
    warn(
      supplement.map { String($0.prefix { $0 != "=" }) }, subject: "VMCOREINFO lacks",
      rest: ", which is taken from the kernel's BTF")
    warn(missingKeys, subject: "VMCOREINFO lacks", rest: ": pages may be kept or left out wrongly")
    return lines
  }

  private static let mostNames = 8

  // MARK: - VMCOREINFO

  /// Keys that say something of pages and that nobody knows here.
  private var newKeys: [String] {
    info.lines.compactMap { line in
      let key = Substring(line.utf8.prefix { $0 != UInt8(ascii: "=") })
      guard Self.subjects.contains(where: { key.hasPrefix($0) }), !Self.knownKeys.contains(String(key)) else {
        return nil
      }
      return String(key)
    }
  }

  private static let subjects = [
    "OFFSET(page.", "OFFSET(folio.", "OFFSET(slab.", "NUMBER(PG_", "NUMBER(PAGE_", "NUMBER(PGTY_",
    "OFFSET(mem_section.",
  ]

  private static let knownKeys: Set<String> = [
    "OFFSET(page.flags)", "OFFSET(page._refcount)", "OFFSET(page._count)", "OFFSET(page.mapping)",
    "OFFSET(page.lru)", "OFFSET(page._mapcount)", "OFFSET(page.private)", "OFFSET(page.compound_dtor)",
    "OFFSET(page.compound_order)", "OFFSET(page.compound_head)", "OFFSET(page.compound_info)",
    "OFFSET(folio._folio_dtor)", "OFFSET(folio._folio_order)", "OFFSET(mem_section.section_mem_map)",
    "NUMBER(PG_lru)", "NUMBER(PG_private)", "NUMBER(PG_swapcache)", "NUMBER(PG_swapbacked)",
    "NUMBER(PG_slab)",
    "NUMBER(PG_hwpoison)", "NUMBER(PG_head_mask)", "NUMBER(PG_head)", "NUMBER(PG_hugetlb)",
    "NUMBER(PG_buddy)",
    "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)",
    "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)", "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)",
    "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)", "NUMBER(PAGE_OFFSET)",
  ]

  /// What every kernel from 3.10 on exports and the rules need; without the others the filter does not begin, or
  /// says on its own what it cannot tell.
  private var missingKeys: [String] {
    var missing: [String] = []
    for offset in ["page._mapcount", "page.private"] where info.offset(offset) == nil {
      missing.append("OFFSET(\(offset))")
    }
    if info.number("PG_slab") == nil, info.number("PAGE_SLAB_MAPCOUNT_VALUE") == nil,
      flags?["PG_slab"] == nil,
      types?["PGTY_slab"] == nil
    {
      missing.append("NUMBER(PG_slab) or (PAGE_SLAB_MAPCOUNT_VALUE)")
    }
    let compoundHead = info.offset("page.compound_head") ?? info.offset("page.compound_info")
    if compoundHead != nil, info.number("PG_head_mask") == nil, flags?["PG_head"] == nil {
      missing.append("NUMBER(PG_head_mask)")
    }
    return missing
  }

  // MARK: - BTF

  private var newEnumerators: [String] {
    let flags = (flags ?? [:]).keys.filter { !Self.knownFlags.contains($0) }
    let types = (types ?? [:]).keys.filter { !Self.knownTypes.contains($0) }
    return flags.sorted() + types.sorted()
  }

  /// Flags and types whose number VMCOREINFO gives otherwise.
  private var contradictions: [String] {
    var names: [String] = []
    if let flags {
      for name in Self.exportedFlags {
        if let own = info.number(name), let other = flags[name], own != other {
          names.append("NUMBER(\(name))")
        }
      }
      if let mask = info.number("PG_head_mask"), let bit = flags["PG_head"], (0..<63).contains(bit),
        mask & (1 << bit) == 0
      {
        names.append("NUMBER(PG_head_mask)")
      }
    }
    if let types {
      for name in Self.exportedTypes + ["UNACCEPTED"] {
        if let own = info.number("PAGE_\(name)_MAPCOUNT_VALUE"),
          let other = types["PGTY_\(name.lowercased())"],
          UInt32(truncatingIfNeeded: own) >> 24 != UInt32(truncatingIfNeeded: other)
        {
          names.append("NUMBER(PAGE_\(name)_MAPCOUNT_VALUE)")
        }
      }
    }
    return names
  }

  /// `enum pageflags` of Linux 5.2 to 7.3, include/linux/page-flags.h.
  private static let knownFlags: Set<String> = [
    "PG_locked", "PG_error", "PG_referenced", "PG_uptodate", "PG_dirty", "PG_lru", "PG_active",
    "PG_workingset",
    "PG_waiters", "PG_slab", "PG_owner_priv_1", "PG_owner_2", "PG_arch_1", "PG_arch_2", "PG_arch_3",
    "PG_reserved", "PG_private", "PG_private_2", "PG_writeback", "PG_head", "PG_mappedtodisk", "PG_reclaim",
    "PG_swapbacked", "PG_unevictable", "PG_dropbehind", "PG_mlocked", "PG_uncached", "PG_hwpoison",
    "PG_young",
    "PG_idle", "PG_skip_kasan_poison", "__NR_PAGEFLAGS", "PG_readahead", "PG_anon_exclusive", "PG_checked",
    "PG_swapcache", "PG_fscache", "PG_pinned", "PG_savepinned", "PG_foreign", "PG_xen_remapped",
    "PG_slob_free", "PG_double_map", "PG_isolated", "PG_reported", "PG_has_hwpoisoned", "PG_hugetlb",
    "PG_large_rmappable", "PG_partially_mapped", "PG_vmemmap_self_hosted", "PG_movable_ops",
    "PG_movable_ops_isolated",
  ]

  /// `enum pagetype` of 6.11, whose values are bits of these names, and of 6.12 to 7.3.
  private static let knownTypes: Set<String> = [
    "PG_buddy", "PG_offline", "PG_table", "PG_guard", "PG_hugetlb", "PG_slab", "PG_zsmalloc", "PGTY_buddy",
    "PGTY_offline", "PGTY_table", "PGTY_guard", "PGTY_hugetlb", "PGTY_slab", "PGTY_zsmalloc",
    "PGTY_unaccepted",
    "PGTY_large_kmalloc", "PGTY_mapcount_underflow",
  ]
}
