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

  /// Threads of which none brings anything any more: a few to each processor, as some wait for the disk that they read. More would only
  /// take memory, and turns of the others.
  public static var mostThreads: Int { min(max(8, 4 * Host.usableProcessors()), 1024) }

  /// What the program takes beside its threads: itself, of whose file it uses most, and what it knows of the kernel. Measured on
  /// 6.1, 6.12 and 7.3: 7.5 MiB.
  public static let ownBytes: UInt64 = 8 << 20

  /// Batches that are under way beside those of the threads.
  private static let moreBatches = 2

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
    let affordable =
      Int(min(room, UInt64(Int.max))) / bytesPerThread(codec, level: level, pageSize: pageSize) - moreBatches
    return max(1, min(wanted, affordable))
  }

  /// The most bytes that a dump takes at once, but for windows onto a vmcore that is mapped: those the system takes back.
  ///
  /// - Parameter others: bytes that are there already: the kernel's types, if they were asked for, and the set of pages that are
  ///   kept, which grows with the machine's memory, at most 32 MiB a tebibyte.
  public static func mostBytes(
    threads: Int, codec: Codec, level: Int32? = nil, pageSize: Int, others: Int = 0
  ) -> UInt64 {
    let workers = threads == 1 ? 1 : threads + moreBatches
    return ownBytes + UInt64(workers * bytesPerThread(codec, level: level, pageSize: pageSize) + others)
  }
}
