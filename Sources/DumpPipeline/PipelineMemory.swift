internal import DumpMemory
public import PageCompression
internal import Platform

/// How much memory a number of threads takes, and how many the machine can afford.
public enum PipelineMemory {
  /// Bytes that a worker takes: a batch, its codec's context, its windows and its stack.
  public static func bytesPerThread(_ codec: Codec, level: Int32? = nil, pageSize: Int) -> Int {
    let bound = PageCompressor.outputBound(codec: codec, pageSize: pageSize)
    return BatchContents.outputSize(pageSize: pageSize, compressionBound: bound)
      + max(codec.contextSize(level: level), leastContext) + readWindows + Thread.stackSize
  }

  /// What a codec has beside its own context, and the C library's rounding.
  private static let leastContext = 256 << 10

  /// The windows of a reader that may not map: two of 128 KiB.
  private static let readWindows = 256 << 10

  /// No disk takes what more than these compress.
  public static let mostThreads = 1024

  /// What the program takes beside its threads: itself, and the vmcore's windows. Measured on 6.1 and 6.12: 5.9 MiB with one thread.
  private static let ownBytes: UInt64 = 6 << 20

  /// Threads that fit into half of what is available, or into what the user allows, of those wanted; at least one.
  ///
  /// - Parameter limit: bytes that the program may take; nil where the user sets none.
  public static func affordableThreads(
    _ wanted: Int, codec: Codec, level: Int32? = nil, pageSize: Int, limit: UInt64? = nil
  ) -> Int {
    let wanted = min(wanted, mostThreads)
    let free = limit.map { $0 - min($0, ownBytes) }
    guard let room = [Host.availableMemory().map { $0 / 2 }, free].compactMap({ $0 }).min() else {
      return wanted
    }
    // Two batches more than threads are under way.
    let affordable =
      Int(min(room, UInt64(Int.max))) / bytesPerThread(codec, level: level, pageSize: pageSize) - 2
    return max(1, min(wanted, affordable))
  }

  /// Bytes that a dump with one thread takes.
  public static func leastBytes(_ codec: Codec, level: Int32? = nil, pageSize: Int) -> UInt64 {
    ownBytes + UInt64(bytesPerThread(codec, level: level, pageSize: pageSize))
  }
}
