/// When a progress line is worth its place.
///
/// A line drawn over the last costs nothing, so it follows the work. A line of its own stays in a log or
/// goes through a serial console, so there are few.
struct ProgressSchedule: Equatable {
  /// Microseconds between two lines.
  let interval: UInt64
  /// Whether a line that says what the last one said is left out.
  let skipsUnchanged: Bool
  /// When the next line is due, in microseconds of the monotonic clock.
  private var due: UInt64
  private var lastPromille: UInt64?

  /// - Parameter start: microseconds of the monotonic clock.
  init(redraws: Bool, start: UInt64) {
    interval = redraws ? 1_000_000 : 5_000_000
    skipsUnchanged = !redraws
    due = redraws ? start : start + interval
  }

  func isDue(at now: UInt64) -> Bool {
    now >= due
  }

  /// Takes a line that is due; returns whether it is to be drawn.
  mutating func take(promille: UInt64, at now: UInt64) -> Bool {
    guard !skipsUnchanged || promille != lastPromille else { return false }
    due = now + interval
    lastPromille = promille
    return true
  }
}
