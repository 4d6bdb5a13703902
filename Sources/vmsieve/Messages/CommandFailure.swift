/// Why no complete dump was made.
struct CommandFailure: Error, Equatable {
  /// What went wrong, where, and what to do: one line.
  var message: String
  var status: ExitStatus
  /// Whether the same may succeed at another time or on another machine.
  var mayPass = false

  init(_ message: String, status: ExitStatus = .failed) {
    self.message = message
    self.status = status
  }

  /// - Parameters:
  ///   - path: of what the error is about, where it does not name it.
  ///   - consequence: what comes behind it in the message.
  init(_ cause: some SystemCause, of path: String? = nil, consequence: String = "") {
    self.init((path.map { "\($0): " } ?? "") + "\(cause)" + consequence)
    mayPass = cause.mayPass
  }
}
