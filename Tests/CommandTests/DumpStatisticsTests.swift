import Testing

@testable import vmsieve

@Suite("The report of --show-stats")
struct DumpStatisticsTests {
  private var sample: DumpStatistics {
    var statistics = DumpStatistics()
    statistics.totalPFNs = 0x3ffe0
    statistics.holePFNs = 0xcc31
    statistics.zeroPages = 0x1c37
    statistics.cachePages = 0x656f
    statistics.userPages = 0xd02
    statistics.freePages = 0x21b7c
    statistics.remainingPages = 0x8b8b
    statistics.bytesWritten = 36_981_574
    return statistics
  }

  @Test("has makedumpfile's lines, 16 hexadecimal digits each, and bytes in decimal")
  func block() {
    #expect(
      sample.lines == [
        "",
        "Original pages  : 0x00000000000333af",
        "  Excluded pages   : 0x000000000002aa24",
        "    Pages filled with zero  : 0x0000000000001c37",
        "    Non-private cache pages : 0x000000000000656f",
        "    Private cache pages     : 0x0000000000000000",
        "    User process data pages : 0x0000000000000d02",
        "    Free pages              : 0x0000000000021b7c",
        "    Hwpoison pages          : 0x0000000000000000",
        "    Offline pages           : 0x0000000000000000",
        "  Remaining pages  : 0x0000000000008b8b",
        "  (The number of pages is reduced to 17%.)",
        "Memory Hole     : 0x000000000000cc31",
        "--------------------------------------------------",
        "Total pages     : 0x000000000003ffe0",
        "Write bytes     : 36981574",
        "",
      ])
  }

  @Test("has lines of its own only for what there is, below the others")
  func additionalLines() {
    var statistics = sample
    statistics.unreadablePages = 1
    statistics.pagesNotInFile = 2
    statistics.unacceptedPages = 0x400
    statistics.keptKernelImagePages = .max
    #expect(statistics.lines.prefix(16) == sample.lines.prefix(16))
    #expect(
      statistics.lines.dropFirst(16) == [
        "Unreadable pages        : 0x0000000000000001",
        "Pages not in the vmcore : 0x0000000000000002",
        "Unaccepted free pages   : 0x0000000000000400",
        "Kernel image pages kept : 0xffffffffffffffff",
        "",
      ])
  }

  @Test("has no percentage of no memory")
  func noMemory() {
    #expect(!DumpStatistics().lines.contains { $0.contains("reduced") })
  }

  @Test("is consistent when each page of memory is in one class")
  func consistency() {
    var statistics = sample
    #expect(!statistics.isConsistent)
    statistics.remainingPages = statistics.originalPages - statistics.excludedPages
    #expect(statistics.isConsistent)
    statistics.remainingPages -= 3
    statistics.unreadablePages = 2
    statistics.pagesNotInFile = 1
    #expect(statistics.isConsistent)
    // A part of the free pages, and not more of them.
    statistics.unacceptedPages = 5
    #expect(statistics.isConsistent)
  }
}
