/// What is wrong with a log that is shown all the same.
public struct LogLosses: Sendable {
  /// Messages that are damaged and were left out.
  public private(set) var count = 0
  /// What is wrong with the first.
  public private(set) var first: KernelError?
  /// What is wrong with the whole and cost no message; nil where nothing is.
  public internal(set) var remark: String?

  /// More than these, and the log is no log.
  static let most = 1 << 16

  mutating func add(_ error: KernelError) {
    count += 1
    if first == nil { first = error }
  }
}
