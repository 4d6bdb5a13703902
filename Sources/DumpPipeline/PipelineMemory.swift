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

  /// Threads that fit into half of what is available, of those wanted; at least one.
  public static func affordableThreads(_ wanted: Int, codec: Codec, level: Int32? = nil, pageSize: Int) -> Int
  {
    let wanted = min(wanted, mostThreads)
    guard let available = Host.availableMemory() else { return wanted }
    // Two batches more than threads are under way.
    let affordable =
      Int(min(available / 2, UInt64(Int.max))) / bytesPerThread(codec, level: level, pageSize: pageSize) - 2
    return max(1, min(wanted, affordable))
  }
}
