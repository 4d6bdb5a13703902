import Foundation

extension Process {
  /// Starts the program with no signal blocked.
  ///
  /// Tests run on threads of libdispatch, which block nearly all signals, and a child inherits that: a shell that waits for
  /// children of its own (dash, `sigsuspend`) would never hear that one has ended.
  public func runHearingSignals() throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try run()
  }
}
