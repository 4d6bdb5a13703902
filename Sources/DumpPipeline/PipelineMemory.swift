internal import DumpMemory
public import PageCompression
internal import Platform

/// How much memory a number of threads takes, and how many the machine can afford.
public enum PipelineMemory {
  /// Bytes that a worker takes: a batch, its codec's context, its windows and its stack.
  public static func bytesPerThread(_ codec: Codec, pageSize: Int) -> Int {
    let bound = PageCompressor.outputBound(codec: codec, pageSize: pageSize)
    return BatchContents.outputSize(pageSize: pageSize, compressionBound: bound)
      + codecContext + readWindows + Thread.stackSize
  }

  /// libdeflate's, the largest, takes 200 KiB at level 1.
  private static let codecContext = 256 << 10

  /// The windows of a reader that may not map: two of 128 KiB.
  private static let readWindows = 256 << 10

  /// No disk takes what more than these compress.
  public static let mostThreads = 1024

  /// Threads that fit into half of what is available, of those wanted; at least one.
  public static func affordableThreads(_ wanted: Int, codec: Codec, pageSize: Int) -> Int {
    let wanted = min(wanted, mostThreads)
    guard let available = Host.availableMemory() else { return wanted }
    // Two batches more than threads are under way.
    let affordable = Int(min(available / 2, UInt64(Int.max))) / bytesPerThread(codec, pageSize: pageSize) - 2
    return max(1, min(wanted, affordable))
  }
}
