internal import Platform
internal import Vmcore

/// How many frames of the second bitmap lie below each of its chunks: what finds a page's descriptor, for
/// 8 bytes per 128 MiB of memory.
struct FrameRanks: Sendable {
  /// One more than there are chunks; the last is the number of all frames.
  private(set) var below: [UInt64] = [0]

  mutating func append(framesInChunk count: Int) {
    below.append(below[below.count - 1] + UInt64(count))
  }

  var chunkCount: Int { below.count - 1 }
  /// Frames of all chunks.
  var total: UInt64 { below[below.count - 1] }

  func count(inChunk index: Int) -> Int { Int(below[index + 1] - below[index]) }
}
