/// A system call that failed: which one, on what, and why.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  /// The C name of the call.
  public let operation: String
  /// The path, or another name of what the call worked on.
  public let subject: String
  public let code: Errno

  public init(_ operation: String, _ subject: String, _ code: Errno) {
    self.operation = operation
    self.subject = subject
    self.code = code
  }

  /// The error of the call that has just failed.
  static func last(_ operation: String, _ subject: String) -> SystemError {
    SystemError(operation, subject, .current)
  }

  public var description: String {
    "\(subject): \(operation): \(code)"
  }
}
