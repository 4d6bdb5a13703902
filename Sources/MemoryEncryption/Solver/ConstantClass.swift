/// Pages with the same `l ^ r` under an assumed alignment, and what was found about their constant.
struct ConstantClass: Sendable {
  let mask: UInt64
  let pages: [Int]
  var constant: Block?
  var checks: [Check: Int] = [:]
  var isAccepted = false
  /// Something in the dump denies the constant: it is not believed, whatever speaks for it.
  var isRefuted = false

  /// Whether the class's own pages prove the constant.
  var isProvenByContent: Bool { checks[.slabs] != nil || checks[.pointers] != nil }

  var reason: LeaveReason? {
    if isAccepted { return nil }
    if isRefuted { return .contradicted }
    return constant == nil ? .undetermined : .unconfirmed
  }
}
