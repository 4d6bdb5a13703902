import Testing

@testable import PageCompression

/// xorshift64*, so that every run sees the same noise.
private struct Noise {
  var state: UInt64

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return UInt8(truncatingIfNeeded: (state &* 0x2545_F491_4F6C_DD1D) >> 56)
    }
  }
}

private func isNoise(_ page: [UInt8]) -> Bool {
  RandomnessTest.isNoise(page.span.bytes)
}

struct RandomnessTestTests {
  @Test func `Pages of noise are told as such, and not tried`() {
    var noise = Noise(state: 1)
    for _ in 0..<500 {
      let page = noise.bytes(4096)
      #expect(isNoise(page))
    }
  }

  @Test func `Noise that repeats, even once, is tried`() {
    var noise = Noise(state: 2)
    for _ in 0..<100 {
      let half = noise.bytes(2048)
      #expect(!isNoise(half + half))
    }
  }

  @Test func `Noise in which one byte of eight is always the same is tried`() {
    var noise = Noise(state: 3)
    for _ in 0..<100 {
      var page = noise.bytes(4096)
      for index in stride(from: 0, to: 4096, by: 8) { page[index] = 0x7f }
      #expect(!isNoise(page))
    }
  }

  @Test(arguments: [0, 1, 128, 255, 256, 1024, 3000])
  func `A page of noise with a run of zeros anywhere is tried`(position: Int) {
    var noise = Noise(state: 4)
    var page = noise.bytes(4096)
    for index in position..<min(position + 512, 4096) { page[index] = 0 }
    #expect(!isNoise(page))
  }

  @Test func `Text, pointers and counters are tried`() {
    let text = Array(
      String(repeating: "kmem: dma-kmalloc-512: slab 0123456789abcdef\n", count: 100).utf8.prefix(4096))
    #expect(!isNoise(text))
    let counters = (0..<512).flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    #expect(!isNoise(counters))
    let everyValue = (0..<4096).map { UInt8(truncatingIfNeeded: $0) }
    #expect(!isNoise(everyValue))
  }
}
