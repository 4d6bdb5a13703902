/// Pages with the same `l ^ r` under an assumed alignment, and what was found about their constant.
struct ConstantClass: Sendable {
  let mask: UInt64
  let pages: [Int]
  var constant: Block?
  var checks: [Check: Int] = [:]
  var isAccepted = false
  /// Pages of the class vote for another constant, and with more weight.
  var isContradicted = false
  /// The pages make sense as they are.
  var isReadable = false

  /// Whether something in the pages themselves speaks for the constant.
  var hasContent: Bool {
    checks.keys.contains { $0 != .linked && $0 != .table }
  }

  /// Whether the content speaks for the constant otherwise than by blocks that repeat.
  var hasStrongContent: Bool {
    checks.keys.contains { $0 == .slabs || $0 == .pointers || $0 == .words || $0 == .vocabulary }
  }

  var isAnchored: Bool { checks.keys.contains { $0.isAbsolute } }

  var reason: LeaveReason? {
    if isAccepted { return nil }
    if constant == nil { return .undetermined }
    return isContradicted || isReadable ? .contradicted : .unconfirmed
  }
}
