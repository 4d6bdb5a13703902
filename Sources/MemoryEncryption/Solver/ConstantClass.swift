/// Pages with the same `l ^ r` under an assumed alignment, and what was found about their constant.
struct ConstantClass: Sendable {
  let mask: UInt64
  let pages: [Int]
  var constant: Block?
  var checks: [Check: Int] = [:]
  var isAccepted = false
  /// Something in the dump denies the constant: it is not believed, whatever speaks for it.
  var isRefuted = false

  /// Words of the class's own pages that prove the constant.
  var words: Int { checks[.slabs, default: 0] + checks[.pointers, default: 0] }

  /// Whether the class's own pages prove the constant.
  var isProvenByContent: Bool { words > 0 }

  var reason: LeaveReason? {
    if isAccepted { return nil }
    if isRefuted { return .contradicted }
    return constant == nil ? .undetermined : .unconfirmed
  }
}
