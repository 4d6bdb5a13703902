internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import KernelModel
internal import PageCompression
internal import Platform

/// `vmsieve bench [OPTION].. VMCORE`: how fast this machine makes dumps of a vmcore, by codec and number of threads.
///
/// Nothing is written: what a disk or a network takes is the user's to say.
struct BenchCommand {
  let request: BenchRequest
  let messages: Messages

  /// A run is repeated until so many microseconds were spent on it, ..
  private static let time: UInt64 = 1_500_000
  /// .. or it was made so often.
  private static let mostRounds = 5
  /// Codecs in the order of the table.
  private static let codecs: [Codec] = [.none, .lzo, .snappy, .zstd, .zlib]

  func run() throws(CommandFailure) {
    var ready = try MemoryPreparation(request.memory, messages: messages)
    try ready.run(.reading(request.memory))
    let memory = ready.memory
    if ready.kernel == nil, !request.level.isDisjoint(with: .needingMemoryMap) {
      _ = try ready.knownKernel(
        for: "without which pages cannot be told apart: -d 0 and -d 1 need none of it")
    }
    do throws(PipelineError) {
      let report = try measure(memory, kernel: ready.kernel)
      messages.answer(request.usesJSON ? [report.json.text] : report.lines)
    } catch { throw CommandFailure(error) }
  }

  private func measure(
    _ memory: PhysicalMemory, kernel: Kernel?
  ) throws(PipelineError) -> BenchReport {
    let begin = MonotonicClock.microseconds()
    var filtered = FilterReport()
    let kept: PFNBitmap
    do throws(VmcoreError) {
      var frames = try memory.framesInFile()
      if let kernel {
        try PageFilter.run(
          kernel, level: request.level, from: &frames, keepsNeeded: true, report: &filtered
        ) { _, _ in }
      }
      kept = frames
    } catch { throw .read(error) }
    let filterTime = MonotonicClock.microseconds() - begin
    messages.warn(of: filtered)
    let ranges = BenchSample.ranges(of: kept)
    var report = BenchReport(
      path: memory.path, release: kernel?.release, level: request.level, targetSpeed: request.targetSpeed,
      pageSize: memory.geometry.size, pages: memory.frames.count, keptPages: kept.count,
      sampledPages: ranges.reduce(0) { $0 + UInt64($1.lowerBound.distance(to: $1.upperBound)) },
      examinedPages: filtered.examined, filterTime: filterTime)
    if report.keptPages == 0 { return report }

    let bench = Bench(memory: memory, ranges: ranges, level: request.level)
    // Who reads a file for the first time measures the disk that it lies on.
    report.firstReading = try bench.run(.none, threads: 1)
    let progress = Progress(messages)
    progress.begin(.copyingData)
    // No codec takes more for a thread.
    let counts = Self.threadCounts(
      WorkerThreads.count(
        request.threads, codec: .zstd, pageSize: memory.geometry.size,
        messages: messages))
    let all = UInt64(Self.codecs.count * counts.count)
    for codec in Self.codecs {
      for threads in counts {
        var best = try bench.run(codec, threads: threads)
        var spent = best.microseconds
        var rounds = 1
        while spent < Self.time, rounds < Self.mostRounds {
          let next = try bench.run(codec, threads: threads)
          spent += next.microseconds
          rounds += 1
          if next.microseconds < best.microseconds { best = next }
        }
        report.runs.append(best)
        progress.update(done: UInt64(report.runs.count), total: all)
      }
    }
    progress.end()
    return report
  }

  /// One, two, four and so on, and as many as there may be.
  static func threadCounts(_ most: Int) -> [Int] {
    var counts: [Int] = []
    var next = 1
    while next < most {
      counts.append(next)
      next *= 2
    }
    return counts + [most]
  }
}

/// Dumps a sample of pages to nowhere.
private struct Bench {
  let memory: PhysicalMemory
  let ranges: [Range<PFN>]
  let level: DumpLevel

  func run(_ codec: Codec, threads: Int) throws(PipelineError) -> BenchRun {
    let frames: PFNBitmap
    do throws(SystemError) {
      frames = try BenchSample.frames(ranges, maxMapNumber: memory.frames.maxMapNumber)
    } catch { throw .system(error) }
    let count = frames.count
    let facts = DumpFacts(
      utsname: .unknown(memory.machine), crashTime: 0, processorCount: 1, physicalBase: 0, dumpLevel: level)
    var writer: DiskdumpWriter
    do throws(DumpError) {
      writer = try DiskdumpWriter(
        DumpDescription(
          facts, codec: codec, recompresses: true, vmcoreinfo: 0..<0, blockSize: memory.geometry.size),
        to: DumpOutput())
    } catch { throw .write(error) }
    var pipeline = DumpPipeline(memory, frames: frames)
    Host.forgetPeakMemory()
    let begin = MonotonicClock.microseconds()
    _ = try pipeline.run(into: &writer, threads: threads) { _, _ in }
    let time = MonotonicClock.microseconds() - begin
    return BenchRun(
      codec: codec, threads: threads, microseconds: max(time, 1), bytes: writer.bytesWritten,
      memoryBytes: count * UInt64(memory.geometry.size), peakMemory: Host.peakMemory())
  }
}
