public import Diskdump
public import PageCompression
internal import Platform
public import Vmcore

/// Takes pages from the vmcore to the dump: read, find the zero pages, compress, write in order.
///
/// With one processor that is a loop. With more, workers read and compress batches of pages, and the calling
/// thread writes them. The memory is fixed at the start, and nothing is allocated per page.
public struct DumpPipeline: ~Copyable {
  private let memory: PhysicalMemory
  private let codec: Codec
  private let sharesZeroPages: Bool
  private let queue: FrameQueue
  private let total: UInt64
  private var report = PipelineReport()

  /// - Parameter frames: the frames to dump: what the filter kept.
  public init(
    _ memory: PhysicalMemory, _ frames: consuming PFNBitmap, _ codec: Codec, sharesZeroPages: Bool
  ) {
    total = frames.count
    self.memory = memory
    self.codec = codec
    self.sharesZeroPages = sharesZeroPages
    queue = FrameQueue(frames)
  }

  /// Writes the whole dump: begins it, appends every page and finishes it; or leaves what can be read.
  ///
  /// - Parameters:
  ///   - threads: workers to start. With 0 or 1 the calling thread does everything. If not all can be
  ///     started, those that were do the work.
  ///   - progress: called by the calling thread after each batch.
  /// - Throws: the first error that ends the dump. The writer has abandoned the file then: it is readable up
  ///   to the cut and marked incomplete.
  public mutating func run(
    into writer: inout DiskdumpWriter, threads: Int, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(PipelineError) -> PipelineReport {
    do throws(PipelineError) {
      try begin(&writer)
      if threads > 1 {
        try copy(into: &writer, threads: threads, progress: progress)
      } else {
        try copy(into: &writer, progress: progress)
      }
      try finish(&writer)
    } catch {
      writer.abandon()
      throw error
    }
    return report
  }

  private func begin(_ writer: inout DiskdumpWriter) throws(PipelineError) {
    let notes = memory.notes
    do throws(DumpWriteError) {
      try queue.withFrames { (frames) throws(DumpWriteError) in
        try writer.begin(notes: notes.bytes, existing: memory.frames, dumpable: frames)
      }
    } catch { throw .write(error) }
  }

  private func finish(_ writer: inout DiskdumpWriter) throws(PipelineError) {
    do throws(DumpWriteError) {
      try queue.withFrames { (frames) throws(DumpWriteError) in try writer.finish(dumpable: frames) }
    } catch { throw .write(error) }
  }

  // MARK: - One thread

  private mutating func copy(
    into writer: inout DiskdumpWriter, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(PipelineError) {
    let worker = try PageWorker(memory, codec, sharesZeroPages: sharesZeroPages)
    var batch = try makeBatch()
    while queue.fill(&batch) {
      worker.process(&batch)
      try write(batch, into: &writer, progress: progress)
      queue.remove(batch.lost)
    }
  }

  // MARK: - Many

  private mutating func copy(
    into writer: inout DiskdumpWriter, threads: Int, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(PipelineError) {
    var batches: [PageBatch] = []
    while batches.count < threads + 2, let batch = try? makeBatch() { batches.append(PageBatch(batch)) }
    if batches.isEmpty { throw .noMemory("\(threads) threads") }
    let ring = BatchRing(batches, queue)
    let crew = Crew(ring)
    while crew.count < threads {
      // Fewer threads than wanted are slower and not wrong; none would be a dump that never ends.
      guard let worker = try? PageWorker(memory, codec, sharesZeroPages: sharesZeroPages),
        crew.hire(worker)
      else { break }
    }
    report.threads = crew.count
    if crew.count == 0 {
      try copy(into: &writer, progress: progress)
      return
    }
    defer {
      ring.stop()
      crew.dismiss()
    }
    while let batch = ring.nextReady() {
      try write(batch.contents, into: &writer, progress: progress)
      ring.release(batch)
    }
  }

  // MARK: - Batches

  private func makeBatch() throws(PipelineError) -> BatchContents {
    let pageSize = memory.geometry.size
    do throws(SystemError) {
      return try BatchContents(
        pageSize: pageSize,
        compressionBound: PageCompressor.outputBound(codec: codec, pageSize: pageSize))
    } catch { throw .noMemory(error.description) }
  }

  private mutating func write(
    _ batch: borrowing BatchContents, into writer: inout DiskdumpWriter,
    progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(PipelineError) {
    do throws(DumpWriteError) { try batch.append(to: &writer) } catch { throw .write(error) }
    report.count(batch)
    progress(report.writtenPages + report.unreadablePages, total)
  }
}
