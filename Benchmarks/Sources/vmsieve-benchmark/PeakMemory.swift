import Foundation

/// Watches the peak of a process's resident memory (`VmHWM` of `/proc/PID/status`), which only rises.
final class PeakMemory: @unchecked Sendable {
  private let condition = NSCondition()
  private var stopped = false
  private var ended = false
  private var peak = 0

  /// Seconds between two looks: what the process takes in its last moment is not seen.
  private static let interval = 0.005

  init(of process: pid_t) {
    Thread.detachNewThread { [self] in
      condition.lock()
      while !stopped {
        if let bytes = Self.read(process) { peak = bytes }
        _ = condition.wait(until: Date(timeIntervalSinceNow: Self.interval))
      }
      ended = true
      condition.signal()
      condition.unlock()
    }
  }

  /// Ends the watch; returns bytes.
  func stop() -> Int {
    condition.lock()
    defer { condition.unlock() }
    stopped = true
    condition.signal()
    while !ended { condition.wait() }
    return peak
  }

  private static func read(_ process: pid_t) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
    else { return nil }
    return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }.map {
      $0 * 1024
    }
  }
}
