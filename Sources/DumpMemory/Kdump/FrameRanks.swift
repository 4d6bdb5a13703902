internal import Platform

/// How many frames of the second bitmap lie below each of its chunks: what finds a page's descriptor, for 8 bytes per
/// 128 MiB of memory. Chunks that are holes of the file cost nothing.
struct FrameRanks: Sendable {
  /// Chunks that follow each other.
  private struct Run {
    var firstChunk: Int
    /// Index of the first chunk's entry.
    var firstEntry: Int
  }

  private var runs: [Run] = []
  /// Frames below each chunk of the runs, and last of all the number of all frames.
  private var below: [UInt64] = [0]

  /// Adds a chunk above all others; those between have no frames.
  mutating func append(_ chunk: Int, frames: Int) {
    let entry = below.count - 1
    if let run = runs.last, chunk - run.firstChunk == entry - run.firstEntry {
      // The run goes on.
    } else {
      runs.append(Run(firstChunk: chunk, firstEntry: entry))
    }
    below.append(total + UInt64(frames))
  }

  /// Frames of all chunks.
  var total: UInt64 { below[below.count - 1] }

  /// Frames in a chunk, and below it.
  func frames(inChunk chunk: Int) -> (count: Int, below: UInt64) {
    let next = runs.partitionPoint(behind: { $0.firstChunk > chunk })
    guard next > 0 else { return (0, 0) }
    let entry = runs[next - 1].firstEntry + (chunk - runs[next - 1].firstChunk)
    let end = next < runs.count ? runs[next].firstEntry : below.count - 1
    if entry >= end { return (0, below[end]) }
    return (Int(below[entry + 1] - below[entry]), below[entry])
  }
}
