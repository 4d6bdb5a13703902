import Testing

@testable import vmsieve

@Suite("A progress line has makedumpfile's format")
struct ProgressLineTests {
  private func line(_ promille: UInt64, turn: Int = 0, secondsLeft: UInt64? = nil) -> String {
    ProgressLine(
      name: ProgressStep.copyingData.name, promille: promille, turn: turn, secondsLeft: secondsLeft
    ).text
  }

  @Test("The name has 50 columns, the percentage one decimal, the estimate 16 columns on the right")
  func columns() {
    let name = "Copying data" + String(repeating: " ", count: 38)
    #expect(line(0) == name + ": [  0.0 %] /  " + String(repeating: " ", count: 16))
    #expect(line(57, turn: 1, secondsLeft: 0) == name + ": [  5.7 %] |           eta: 0s")
    #expect(line(999, turn: 2, secondsLeft: 75) == name + ": [ 99.9 %] \\          eta: 75s")
    #expect(line(1000, turn: 3) == name + ": [100.0 %] -  " + String(repeating: " ", count: 16))
    #expect(line(1000, turn: 4).contains("[100.0 %] /"))
  }

  @Test(
    "Every step's name has 27 columns",
    arguments: [
      ProgressStep.unnecessaryPages, .zeroPages, .copyingData,
    ])
  func stepNames(step: ProgressStep) {
    #expect(step.name.utf8.count == 27)
  }

  @Test(
    "An estimate has the two largest units that matter",
    arguments: [
      (0, "eta: 0s"), (99, "eta: 99s"), (100, "eta: 1m40s"), (5999, "eta: 99m59s"),
      (6000, "eta: 1h40m"), (172_799, "eta: 47h59m"), (172_800, "eta: 2d0h"),
      (8_639_999, "eta: 99d23h"), (8_640_000, "eta: >100day"), (UInt64.max, "eta: >100day"),
    ] as [(UInt64, String)])
  func estimates(seconds: UInt64, text: String) {
    #expect(ProgressLine.estimate(seconds) == text)
    #expect(text.utf8.count <= 16)
  }

  @Test("Progress is rounded down, so that 100 % means done, and does not overflow")
  func promille() {
    #expect(ProgressLine.promille(done: 0, total: 3) == 0)
    #expect(ProgressLine.promille(done: 1, total: 3) == 333)
    #expect(ProgressLine.promille(done: 999_999, total: 1_000_000) == 999)
    #expect(ProgressLine.promille(done: 3, total: 3) == 1000)
    #expect(ProgressLine.promille(done: 0, total: 0) == 1000)
    #expect(ProgressLine.promille(done: 5, total: 3) == 1000)
    #expect(ProgressLine.promille(done: .max - 1, total: .max) == 999)
  }

  @Test("What is left goes as fast as what is done, and nothing done says nothing")
  func secondsLeft() {
    #expect(ProgressLine.secondsLeft(promille: 0, elapsedMicroseconds: 5_000_000) == nil)
    #expect(ProgressLine.secondsLeft(promille: 500, elapsedMicroseconds: 10_000_000) == 10)
    #expect(ProgressLine.secondsLeft(promille: 100, elapsedMicroseconds: 10_000_000) == 90)
    #expect(ProgressLine.secondsLeft(promille: 1000, elapsedMicroseconds: 10_000_000) == 0)
  }
}
