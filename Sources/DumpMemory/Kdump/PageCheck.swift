/// What reading every page of a dump came to.
public struct PageCheck: Sendable {
  /// Pages that were read, and those that could not be.
  public internal(set) var pages: UInt64 = 0
  /// Pages that the dump should hold and does not: cut, or never written.
  public internal(set) var missing: UInt64 = 0
  /// Pages whose bytes are no page.
  public internal(set) var damaged: UInt64 = 0
  /// Pages that the file system could not read.
  public internal(set) var unreadable: UInt64 = 0
  /// The first pages that could not be had, in order, and why.
  public internal(set) var failures: [(pfn: PFN, reason: MemoryError)] = []

  static let mostFailures = 16

  public var isSound: Bool { missing == 0 && damaged == 0 && unreadable == 0 }

  mutating func count(_ pfn: PFN, _ error: MemoryError) {
    switch error {
    case .hole, .notInFile, .unmapped: missing += 1
    case .damaged: damaged += 1
    case .unreadable: unreadable += 1
    }
    failures.append((pfn, error))
    trim()
  }

  mutating func add(_ other: PageCheck) {
    pages += other.pages
    missing += other.missing
    damaged += other.damaged
    unreadable += other.unreadable
    failures += other.failures
    failures.sort { $0.pfn < $1.pfn }
    trim()
  }

  private mutating func trim() {
    if failures.count > Self.mostFailures { failures.removeLast(failures.count - Self.mostFailures) }
  }
}
