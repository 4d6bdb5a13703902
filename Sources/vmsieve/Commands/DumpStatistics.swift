/// How many pages of each kind a vmcore has, and what became of them. Each page frame counts once, however
/// many segments hold it.
struct DumpStatistics: Equatable {
  /// Page frames up to the highest one in memory (max_mapnr).
  var totalPFNs: UInt64 = 0
  /// Page frames that no segment holds.
  var holePFNs: UInt64 = 0

  /// Pages full of zeros, that are stored as one.
  var zeroPages: UInt64 = 0
  /// Page cache without private data.
  var cachePages: UInt64 = 0
  var privateCachePages: UInt64 = 0
  var userPages: UInt64 = 0
  /// Free pages, those that were never accepted among them.
  var freePages: UInt64 = 0
  var hwpoisonPages: UInt64 = 0
  var offlinePages: UInt64 = 0
  /// Pages whose own bytes are in the dump: all of the 2nd bitmap, except the zero pages.
  var remainingPages: UInt64 = 0

  /// Free pages of a confidential guest that were never accepted.
  var unacceptedPages: UInt64 = 0
  /// Pages that could not be read.
  var unreadablePages: UInt64 = 0
  /// Pages that the source had lost.
  var missingPages: UInt64 = 0
  /// Pages that other files of a split dump have.
  var pagesInOtherParts: UInt64 = 0
  /// Pages of a segment's p_memsz that its p_filesz does not reach.
  var pagesNotInFile: UInt64 = 0
  /// Pages of the kernel image that are kept although their struct page says otherwise.
  var keptKernelImagePages: UInt64 = 0

  /// Bytes of the dump file.
  var bytesWritten: UInt64 = 0

  /// Pages of memory.
  var originalPages: UInt64 { totalPFNs - min(holePFNs, totalPFNs) }

  /// Pages that were left out, or stored as the one page of zeros.
  var excludedPages: UInt64 {
    zeroPages + cachePages + privateCachePages + userPages + freePages + hwpoisonPages + offlinePages
  }

  private var accountedPages: UInt64 {
    excludedPages + remainingPages + unreadablePages + missingPages + pagesNotInFile
      + pagesInOtherParts
  }

  /// Whether every page of memory is counted, and counted once.
  var isConsistent: Bool { originalPages == accountedPages }

  /// What is said where they are not: whoever counts wrongly may have dumped wrongly.
  var discrepancy: String? {
    isConsistent
      ? nil
      : "of \(originalPages) pages of memory \(accountedPages) are accounted for: this is a defect of vmsieve, and"
        + " `vmsieve verify' should be asked of the dump"
  }

  /// The report of `--show-stats`, in makedumpfile's format; what it does not count comes last, and only
  /// if there is any.
  var lines: [String] {
    var lines = [
      "",
      "Original pages  : " + String(hexadecimal: originalPages),
      "  Excluded pages   : " + String(hexadecimal: excludedPages),
      "    Pages filled with zero  : " + String(hexadecimal: zeroPages),
      "    Non-private cache pages : " + String(hexadecimal: cachePages),
      "    Private cache pages     : " + String(hexadecimal: privateCachePages),
      "    User process data pages : " + String(hexadecimal: userPages),
      "    Free pages              : " + String(hexadecimal: freePages),
      "    Hwpoison pages          : " + String(hexadecimal: hwpoisonPages),
      "    Offline pages           : " + String(hexadecimal: offlinePages),
      "  Remaining pages  : " + String(hexadecimal: remainingPages),
    ]
    if originalPages > 0 {
      lines.append("  (The number of pages is reduced to \(remainingPages * 100 / originalPages)%.)")
    }
    lines += [
      "Memory Hole     : " + String(hexadecimal: holePFNs),
      "--------------------------------------------------",
      "Total pages     : " + String(hexadecimal: totalPFNs),
      "Write bytes     : \(bytesWritten)",
    ]
    if unreadablePages > 0 {
      lines.append("Unreadable pages        : " + String(hexadecimal: unreadablePages))
    }
    if missingPages > 0 { lines.append("Missing pages           : " + String(hexadecimal: missingPages)) }
    if pagesNotInFile > 0 { lines.append("Pages not in the vmcore : " + String(hexadecimal: pagesNotInFile)) }
    if pagesInOtherParts > 0 {
      lines.append("Pages of other parts     : " + String(hexadecimal: pagesInOtherParts))
    }
    if unacceptedPages > 0 {
      lines.append("Unaccepted free pages   : " + String(hexadecimal: unacceptedPages))
    }
    if keptKernelImagePages > 0 {
      lines.append("Kernel image pages kept : " + String(hexadecimal: keptKernelImagePages))
    }
    lines.append("")
    return lines
  }
}
