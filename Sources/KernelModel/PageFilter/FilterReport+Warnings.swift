internal import DumpMemory

extension FilterReport {
  /// The filter could not work: everything is kept, and why is said.
  mutating func warn(keepingEverything reason: String, _ level: DumpLevel) {
    doubt(
      level.isDisjoint(with: .needingMemoryMap)
        ? "pages with hardware errors cannot be told and stay in the dump: \(reason)"
        : "no page is left out for what it was used for: \(reason)")
  }

  /// A rule would have left out what every reader needs.
  mutating func warn(dropping rule: DumpLevel, count: UInt64, first: PFN) {
    droppedRules.formUnion(rule)
    doubt(
      "by what is known of \(rule.subject), \(count) pages would be left out that every reader needs, the first"
        + " \(first) (page tables, mem_map, log, processors' data, stacks or modules): it is not so in this kernel, and"
        + " \(rule.subject) stay in the dump")
  }

  private mutating func doubt(_ warning: String) {
    warnings.append(warning)
    isDoubtful = true
  }

  /// Says what makes the result doubtful.
  mutating func warn(_ evidence: PageEvidence, level: DumpLevel, rules: PageRules, map: MemoryMap) {
    for warning in evidence.warnings { doubt(warning) }
    if map.framesWithout > 0 {
      var text = "\(map.framesWithout) pages are in no mem_map of the kernel and are kept"
      if let reason = map.unreadable.reason {
        text += " (\(map.unreadable.sections) sections could not be read, first: \(reason))"
      }
      warnings.append(text)
    }
    if unreadableStructPages > 0 {
      warnings.append("\(unreadableStructPages) pages have a struct page that cannot be read and are kept")
    }
    if invalidFreeOrders > 0 {
      warnings.append("\(invalidFreeOrders) free pages have an impossible order and are kept")
    }
    if invalidCompoundOrders > 0 {
      warnings.append(
        "\(invalidCompoundOrders) compound pages have an impossible order and were taken for single pages")
    }
    if case .unknown = rules.compound, !level.isDisjoint(with: [.cache, .privateCache, .userData]) {
      doubt("the layout of compound pages is not known: only their first pages are left out")
    }
    // Of a dump that was cut, the slabs may be in the part that is missing.
    if slabs == 0, examined > 0, unreadableStructPages == 0, !level.isDisjoint(with: .needingMemoryMap) {
      doubt("no slab was found, which no running kernel has: pages may be kept or left out wrongly")
    }
    if level.contains(.freePages) {
      if !rules.knowsFreePages {
        doubt("free pages cannot be told from others in this kernel and are kept")
      } else if self[.free] == 0, examined > 0, !mayLackFreePages {
        doubt("no free page was found, which no running kernel has: free pages may all be kept")
      }
    }
  }
}

extension DumpLevel {
  /// The pages that a single one of the levels leaves out, in words.
  fileprivate var subject: String {
    switch self {
    case .cache: "pages of the cache"
    case .privateCache: "pages of the cache with private data"
    case .userData: "pages of processes"
    default: "free pages"
    }
  }
}
