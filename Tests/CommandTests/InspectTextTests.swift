import Testing

@testable import vmsieve

@Suite("Numbers of inspect's text")
struct InspectTextTests {
  @Test("Times of the calendar")
  func times() {
    let cases: [(Int64, String)] = [
      (0, "1970-01-01 00:00:00 UTC"), (-1, "1969-12-31 23:59:59 UTC"),
      (951_782_400, "2000-02-29 00:00:00 UTC"),
      (951_868_800, "2000-03-01 00:00:00 UTC"), (1_709_164_799, "2024-02-28 23:59:59 UTC"),
      (4_107_542_399, "2100-02-28 23:59:59 UTC"), (4_107_542_400, "2100-03-01 00:00:00 UTC"),
      (1_796_001_468, "2026-11-30 01:17:48 UTC"),
    ]
    for (seconds, text) in cases { #expect(UTCTime.text(seconds) == text) }
    #expect(UTCTime.duration(59) == "00:00:59" && UTCTime.duration(273_845) == "3 d 04:04:05")
  }

  @Test("Bytes to the nearest tenth")
  func bytes() {
    let cases: [(UInt64, String)] = [
      (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_048_524, "1023.9 KiB"), (1_048_575, "1024.0 KiB"),
      (557_481_984, "531.7 MiB"), (.max, "16384.0 PiB"),
    ]
    for (bytes, text) in cases { #expect(ByteText.text(bytes) == text) }
  }

  @Test("A sample says what its class takes, and of a whole class there is no doubt")
  func sample() {
    var sample = PageSample(total: 100)
    for _ in 0..<5 { sample.add(nil) }
    for _ in 0..<5 { sample.add([4096, 1000, 1200, 1300, 900]) }
    #expect(sample.zeroPages == 50)
    let shared = sample.bytes(1, zeroSize: 0)
    #expect(shared.mean == 50_000 && shared.variance > 0)
    #expect(sample.bytes(1, zeroSize: 20).mean == 51_000)
    var whole = PageSample(total: 2)
    whole.add([4096, 1000, 1200, 1300, 900])
    whole.add([4096, 3000, 1200, 1300, 900])
    #expect(whole.bytes(1, zeroSize: 0) == (4000, 0))
    #expect(PageSample(total: 10).bytes(0, zeroSize: 0) == (0, 0))
  }
}
