/// What reading every page of a dump came to.
public struct PageCheck: Sendable {
  /// Pages that were read, and those that could not be.
  public internal(set) var pages: UInt64 = 0
  /// Pages of zeros among those that were read.
  public internal(set) var zeroPages: UInt64 = 0
  /// Pages that the dump should hold and does not: cut, or never written.
  public internal(set) var missing: UInt64 = 0
  /// Pages whose bytes are no page.
  public internal(set) var damaged: UInt64 = 0
  /// Pages that the file system could not read.
  public internal(set) var unreadable: UInt64 = 0
  /// The first pages that could not be had, in order, and why.
  public internal(set) var failures: [(pfn: PFN, reason: VmcoreError)] = []

  static let mostFailures = 16

  public init() {}

  /// Pages that could not be had.
  public var failed: UInt64 { missing + damaged + unreadable }
  public var isSound: Bool { failed == 0 }

  mutating func count(_ pfn: PFN, error: VmcoreError) {
    switch error {
    case .hole, .notInFile, .unmapped: missing += 1
    case .damaged: damaged += 1
    case .unreadable, .system, .foreign, .malformed: unreadable += 1
    }
    if failures.count < Self.mostFailures { failures.append((pfn, error)) }
  }

  /// Adds what came of frames above.
  mutating func add(_ later: PageCheck) {
    pages += later.pages
    zeroPages += later.zeroPages
    missing += later.missing
    damaged += later.damaged
    unreadable += later.unreadable
    failures += later.failures.prefix(Self.mostFailures - failures.count)
  }
}
