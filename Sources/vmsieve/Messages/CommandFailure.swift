/// Why no complete dump was made.
struct CommandFailure: Error, Equatable {
  /// What went wrong, where, and what to do: one line.
  var message: String
  var status: ExitStatus

  init(_ message: String, status: ExitStatus = .failed) {
    self.message = message
    self.status = status
  }
}
