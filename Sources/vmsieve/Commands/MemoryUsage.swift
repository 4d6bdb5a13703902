internal import KernelModel

/// What the pages of a machine are used for, in makedumpfile's table.
struct MemoryUsage {
  let pageSize: Int
  var total: UInt64 = 0
  var zeroPages: UInt64 = 0
  var filtered = FilterReport()

  init(pageSize: Int) {
    self.pageSize = pageSize
  }

  /// Pages that every dump of the kernel has.
  var kernelPages: UInt64 {
    let reasons = ExclusionReason.allCases.reduce(zeroPages) { $0 + filtered[$1] }
    return total - min(reasons, total)
  }

  var lines: [String] {
    func row(_ name: String, pages: UInt64, excludable: Bool, meaning: String) -> String {
      // Names of eight letters and more reach the next tab stop by themselves.
      name + (name.utf8.count < 8 ? "\t\t" : "\t") + "\(pages)".padded(toColumns: 16) + "\t"
        + (excludable ? "yes" : "no") + "\t\t" + meaning
    }
    return [
      "",
      "TYPE\t\tPAGES\t\t\tEXCLUDABLE\tDESCRIPTION",
      String(repeating: "-", count: 70),
      row("ZERO", pages: zeroPages, excludable: true, meaning: "Pages filled with zero"),
      row(
        "NON_PRI_CACHE", pages: filtered[.cache], excludable: true,
        meaning: "Cache pages without private flag"),
      row(
        "PRI_CACHE", pages: filtered[.privateCache], excludable: true,
        meaning: "Cache pages with private flag"),
      row("USER", pages: filtered[.user], excludable: true, meaning: "User process pages"),
      row("FREE", pages: filtered[.free], excludable: true, meaning: "Free pages"),
      row("KERN_DATA", pages: kernelPages, excludable: false, meaning: "Dumpable kernel data "),
      "",
      "page size:\t\t" + "\(pageSize)".padded(toColumns: 16),
      "Total pages on system:\t" + "\(total)".padded(toColumns: 16),
      "Total size on system:\t" + "\(total * UInt64(pageSize))".padded(toColumns: 16) + " Byte",
    ]
  }
}
