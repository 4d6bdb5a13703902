/// A system call that failed: which one, on what, and why.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  /// The C name of the call.
  public let operation: String
  /// The path, or another name of what the call worked on.
  public let subject: String
  public let code: Errno
  /// What a refusal of our own says instead of the C library's words.
  private let reason: String?

  public init(_ operation: String, subject: String, code: Errno, reason: String? = nil) {
    self.operation = operation
    self.subject = subject
    self.code = code
    self.reason = reason
  }

  /// The error of the call that has just failed.
  static func last(_ operation: String, subject: String) -> SystemError {
    SystemError(operation, subject: subject, code: .current)
  }

  public var description: String {
    "\(subject): " + (reason ?? "\(operation): \(code)")
  }
}
