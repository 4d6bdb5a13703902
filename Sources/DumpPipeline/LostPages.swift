public import DumpMemory

/// Pages that should be in a dump and are not.
public struct LostPages: Sendable {
  /// Those that the source does not have either: it was cut.
  public private(set) var missing: UInt64 = 0
  /// The first of them.
  public private(set) var firstMissing: PFN?
  /// Those that the source has, and that could not be read.
  public private(set) var unreadable: UInt64 = 0
  /// Of them, those whose reading failed: at another time it may not.
  public private(set) var failedReads: UInt64 = 0
  /// The first of them, and why.
  public private(set) var firstFailure: (pfn: PFN, reason: VmcoreError)?

  public init() {}

  public var count: UInt64 { missing + unreadable }

  mutating func add(_ pfn: PFN, _ reason: VmcoreError) {
    if reason.isAbsence {
      missing += 1
      firstMissing = firstMissing ?? pfn
    } else {
      unreadable += 1
      if case .unreadable = reason { failedReads += 1 }
      firstFailure = firstFailure ?? (pfn, reason)
    }
  }

  /// Adds those that came later.
  mutating func add(_ later: LostPages) {
    missing += later.missing
    unreadable += later.unreadable
    failedReads += later.failedReads
    firstMissing = firstMissing ?? later.firstMissing
    firstFailure = firstFailure ?? later.firstFailure
  }
}
