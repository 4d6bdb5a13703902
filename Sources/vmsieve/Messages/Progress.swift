internal import Platform

/// Shows how far a step is, and at the end how long it took.
///
/// A step that fails is simply not ended: the next message gives its line an end.
final class Progress {
  private let messages: Messages
  private var step = ProgressStep.copyingData
  private var start: UInt64 = 0
  private var schedule = ProgressSchedule(redraws: false, start: 0)
  private var linesDrawn = 0

  init(_ messages: Messages) {
    self.messages = messages
  }

  func begin(_ step: ProgressStep) {
    self.step = step
    start = MonotonicClock.microseconds()
    schedule = ProgressSchedule(redraws: messages.redrawsProgress, start: start)
  }

  /// Says how far the step is, in any unit. Looks at the clock and, mostly, does nothing more: once per batch
  /// of pages is not too often.
  func update(done: UInt64, total: UInt64) {
    guard messages.showsProgress, done < total else { return }
    let now = MonotonicClock.microseconds()
    guard schedule.isDue(at: now) else { return }
    let promille = ProgressLine.promille(done: done, total: total)
    guard schedule.take(promille: promille, at: now) else { return }
    let left = ProgressLine.secondsLeft(promille: promille, elapsedMicroseconds: now - start)
    draw(promille: promille, secondsLeft: left, isLast: false)
  }

  /// Ends the step that was begun last: all of it is done.
  func end() {
    let duration = MonotonicClock.microseconds() - start
    draw(promille: 1000, secondsLeft: nil, isLast: true)
    messages.report(
      "STEP [\(step.name)] : \(duration / 1_000_000)."
        + String(duration % 1_000_000).aligned(toColumns: 6, filling: "0") + " seconds")
  }

  private func draw(promille: UInt64, secondsLeft: UInt64?, isLast: Bool) {
    guard messages.showsProgress else { return }
    let line = ProgressLine(
      name: step.name, promille: promille, turn: linesDrawn, secondsLeft: secondsLeft)
    messages.drawProgress(line.text, isLast: isLast)
    linesDrawn += 1
  }
}
