/// The pages that share one constant, and what speaks for it.
public struct ClassFinding: Hashable, Sendable {
  /// `T(l ^ r)`; nil if the evidence does not determine it.
  public let constant: Block?
  /// `l ^ r` where the backup's address is known, else its bits 12 to 19.
  public let difference: UInt64
  /// Counted from the region's first.
  public let pages: [Int]
  public let checks: [Check: Int]
  public let isAccepted: Bool
  /// Why not, if it is not.
  public let reason: LeaveReason?

  /// Whether the constant is believed, and by which checks, in words.
  public var judgement: String {
    let counts = Check.allCases.compactMap { check in checks[check].map { "\(check.rawValue) \($0)" } }
    return (isAccepted ? "believed" : reason?.rawValue ?? "left") + ": "
      + (counts.isEmpty ? "no check" : counts.joined(separator: ", "))
  }
}
