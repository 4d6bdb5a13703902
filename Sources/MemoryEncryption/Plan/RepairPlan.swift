public import Vmcore

/// What the evidence in a low region says should be done to each of its pages.
public struct RepairPlan: Sendable {
  public let verdict: Verdict
  /// Of the region's first byte.
  public let start: PhysicalAddress
  public let byteCount: UInt64
  /// By page, the page of ``start`` first.
  public let actions: [PageAction]
  /// One for each constant that pages share, those of most pages first.
  public let classes: [ClassVerdict]
  /// Where the backup lies, if that came out.
  public let backup: PhysicalAddress?
  /// The way to the verdict, a sentence a line, for a log.
  public let evidence: [String]

  /// What is done to the page that holds an address; nil outside the region.
  public func action(at address: PhysicalAddress) -> PageAction? {
    guard address.rawValue >= start.rawValue, address.rawValue - start.rawValue < byteCount else {
      return nil
    }
    return actions[Int(address.rawValue / LowRegion.pageBytes - start.rawValue / LowRegion.pageBytes)]
  }

  /// Pages whose bytes change.
  public var repairedPages: Int {
    actions.count { if case .xor = $0 { true } else { false } }
  }

  /// Pages that stay for a reason.
  public func pages(left reason: LeaveReason) -> Int {
    actions.count { $0 == .leave(reason) }
  }
}
