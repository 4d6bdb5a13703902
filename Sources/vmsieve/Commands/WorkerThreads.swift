internal import DumpPipeline
internal import PageCompression
internal import Platform

/// How many threads work on a dump.
enum WorkerThreads {
  /// As many as are wanted, where there is memory for them; says if it is fewer.
  ///
  /// - Parameter wanted: nil is one a processor.
  static func count(
    _ wanted: Int?, codec: Codec, level: Int32? = nil, pageSize: Int, limit: UInt64? = nil,
    messages: Messages
  ) -> Int {
    if let limit {
      let least = PipelineMemory.mostBytes(threads: 1, codec: codec, level: level, pageSize: pageSize)
      if limit < least {
        messages.warning(
          "--max-memory \(limit): one thread takes about \(least) bytes with all else, and is used")
      }
    }
    let wanted = wanted ?? Host.usableProcessors()
    guard wanted > 1 else { return 1 }
    let affordable = PipelineMemory.affordableThreads(
      wanted, codec: codec, level: level, pageSize: pageSize, limit: limit)
    if affordable < min(wanted, PipelineMemory.mostThreads) {
      messages.warning("there is memory for \(affordable) of \(wanted) threads")
    } else if affordable < wanted {
      messages.warning(
        "\(affordable) threads are started instead of \(wanted): more bring nothing with \(Host.usableProcessors()) processors"
      )
    }
    return affordable
  }
}
