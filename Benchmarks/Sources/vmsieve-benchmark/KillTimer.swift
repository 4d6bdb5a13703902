import Foundation

/// Kills a process that takes too long. Its thread sleeps all the while.
final class KillTimer: @unchecked Sendable {
  private let condition = NSCondition()
  private var stopped = false
  private var fired = false

  init(_ process: pid_t, after seconds: Double) {
    Thread.detachNewThread { [self] in
      let deadline = Date(timeIntervalSinceNow: seconds)
      condition.lock()
      while !stopped && condition.wait(until: deadline) {}
      if !stopped {
        fired = true
        kill(process, SIGKILL)
      }
      condition.unlock()
    }
  }

  /// Ends the timer; true if it has killed the process.
  func stop() -> Bool {
    condition.lock()
    defer { condition.unlock() }
    stopped = true
    condition.signal()
    return fired
  }
}
