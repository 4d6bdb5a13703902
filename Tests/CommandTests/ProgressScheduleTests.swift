import Testing

@testable import vmsieve

@Suite("Progress lines are as many as their stream bears")
struct ProgressScheduleTests {
  /// The times in milliseconds of the lines drawn when progress is reported every 10 ms for 60 s.
  private func drawn(redraws: Bool, promille: (UInt64) -> UInt64) -> [UInt64] {
    let start: UInt64 = 123_456_789
    var schedule = ProgressSchedule(redraws: redraws, start: start)
    var times: [UInt64] = []
    for millisecond in stride(from: UInt64(0), to: 60_000, by: 10) {
      let now = start + millisecond * 1000
      guard schedule.isDue(at: now) else { continue }
      if schedule.take(promille: promille(millisecond), at: now) { times.append(millisecond) }
    }
    return times
  }

  @Test("A line that is drawn over is drawn at once and then every second")
  func terminal() {
    #expect(drawn(redraws: true) { $0 / 60 } == (0..<60).map { $0 * 1000 })
    #expect(drawn(redraws: true) { _ in 7 }.count == 60)
  }

  @Test("Lines of their own come every five seconds, none in the first five")
  func log() {
    #expect(drawn(redraws: false) { $0 / 60 } == (1..<12).map { $0 * 5000 })
  }

  @Test("A log does not get the same line twice, and gets the next one as soon as it differs")
  func unchangedLog() {
    #expect(drawn(redraws: false) { _ in 7 } == [5000])
    #expect(drawn(redraws: false) { $0 < 31_230 ? 7 : 8 } == [5000, 31_230])
  }
}
