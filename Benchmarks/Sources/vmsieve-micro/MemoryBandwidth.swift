import PageCompression
import Platform

/// How fast one thread reads memory that is in no cache: what a scan of page structures, of 64 bytes each, cannot exceed.
enum MemoryBandwidth {
  private static let byteCount = 512 << 20
  private static let rounds = 4

  /// Prints bytes a second, of the best round.
  static func run() throws {
    var memory = try MappedBuffer(byteCount: byteCount)
    // Touched, or all of it would be one page of zeros.
    var bytes = memory.mutableBytes
    for place in stride(from: 0, to: byteCount, by: 4096) {
      bytes.storeBytes(of: 0, toByteOffset: place, as: UInt64.self)
    }
    var best = UInt64.max
    for _ in 0..<rounds {
      let begin = MonotonicClock.microseconds()
      guard isZeroPage(memory.bytes) else { throw MicroFailure("zeros are none") }
      best = min(best, MonotonicClock.microseconds() - begin)
    }
    print("bandwidth \(byteCount / Int(max(best, 1)) * 1_000_000)")
  }
}
