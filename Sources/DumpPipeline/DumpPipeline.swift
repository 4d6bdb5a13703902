public import Diskdump
public import DumpMemory
internal import PageCompression
internal import Platform

/// Takes pages from the vmcore to the dump: read, find the zero pages, compress, write in order, or what a reader of
/// a dump that is cut needs first.
///
/// Threads read and compress batches of pages. The calling thread is one of them, and the one that writes:
/// alone it is a plain loop. The memory is fixed at the start, and nothing is allocated per page.
public struct DumpPipeline: ~Copyable {
  private let memory: PhysicalMemory
  private let queue: FrameQueue
  private var priority: WritePriority?
  private var deadline: UInt64?
  private var total: UInt64
  private var report = PipelineReport()

  /// - Parameter frames: the frames to dump: what the filter kept.
  public init(_ memory: PhysicalMemory, frames: consuming PFNBitmap) {
    total = frames.count
    self.memory = memory
    queue = FrameQueue(frames)
  }

  /// Makes the pages come in another order than that of memory, as far as the writer can take them so.
  public mutating func follow(_ priority: WritePriority) { self.priority = priority }

  /// Makes the dump end, with what it has, when a moment has come, in microseconds of ``MonotonicClock``.
  public mutating func stop(at deadline: UInt64) { self.deadline = deadline }

  /// Pages that were to be in the dump.
  public var pageCount: UInt64 { total }

  /// What a dump that was cut has of each group; nil where the pages did not come group by group, or groups could not be
  /// told apart.
  ///
  /// - Parameter writer: what the dump was written with.
  public func groups<Writer: DumpWriter & ~Copyable>(in writer: borrowing Writer) -> WrittenGroups? {
    guard priority?.problem == nil, let sizes = queue.groupSizes() else { return nil }
    return WrittenGroups(sizes: sizes, written: writer.pagesTaken, unreadable: writer.unreadablePages)
  }

  /// Writes the whole dump: begins it, appends every page and finishes it; or leaves what can be read.
  ///
  /// - Parameters:
  ///   - threads: threads to compress with, the calling one included. If not all can be started, those that
  ///     were do the work.
  ///   - progress: called by the calling thread after each batch.
  /// - Throws: the first error that ends the dump. The writer has abandoned the file then: it is readable up
  ///   to the cut and marked incomplete. ``PipelineError/deadline`` if it was closed before its last page.
  public mutating func run<Writer: DumpWriter & ~Copyable>(
    into writer: inout Writer, threads: Int, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(PipelineError) -> PipelineReport {
    do throws(PipelineError) {
      try begin(&writer, sequence: try sequence(for: writer.form))
      try copy(into: &writer, threads: max(threads, 1), progress: progress)
      try finish(&writer)
    } catch {
      if case .deadline = error {
        do throws(DumpError) { try writer.closeEarly() } catch { throw .write(error) }
      } else {
        writer.abandon()
      }
      throw error
    }
    return report
  }

  /// Cuts the frames into as many ranges as there are to be files, with about as many pages in each.
  ///
  /// - Parameter block: frames that stay together; every border is a multiple of it.
  public func parts(_ count: Int, block: UInt64) -> [Range<PFN>] {
    queue.withFrames { SplitPlan.ranges(of: $0, count, block: block) }
  }

  /// Leaves the pages of all frames but these to others: the writer is told of all, and gets its own.
  ///
  /// - Parameter frames: those of one of ``parts(_:block:)``.
  public mutating func restrict(to frames: Range<PFN>) {
    queue.restrict(to: frames)
    total = queue.withFrames { $0.count(in: frames) }
  }

  /// Takes out, before anything is written, the pages that cannot be had and, if asked for, those of zeros: for a dump
  /// whose headers say which pages there are.
  ///
  /// - Returns: the frames whose pages cannot be had.
  public mutating func excludeAbsentPages(
    zeroPages: Bool, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(PipelineError) -> PFNRanges {
    var reader: MemoryReader
    do throws(SystemError) { reader = try MemoryReader.sequential(memory) } catch {
      throw .system(error)
    }
    var done: UInt64 = 0
    let all = total
    var found = report
    var lost: [Range<PFN>] = []
    let removed = queue.removeAll { pfn in
      done += 1
      if done % UInt64(BatchContents.capacity) == 0 { progress(done, all) }
      do throws(VmcoreError) {
        let isZero = try reader.withPage(pfn) { zeroPages && isZeroPage($0) }
        if isZero { found.excludedZeroPages += 1 }
        return isZero
      } catch {
        found.lost.add(pfn, error)
        let end = pfn.advanced(by: 1)
        if let last = lost.last, last.upperBound == pfn {
          lost[lost.count - 1] = last.lowerBound..<end
        } else {
          lost.append(pfn..<end)
        }
        return true
      }
    }
    report = found
    total -= removed
    return PFNRanges(lost, maxMapNumber: memory.frames.maxMapNumber)
  }

  /// Sets the order of the frames; returns the stretches, if it is one of these.
  private func sequence(for form: PageForm) throws(PipelineError) -> FrameSequence? {
    guard let priority else { return nil }
    do throws(SystemError) {
      switch form.order {
      case .any:
        try queue.follow(priority)
        return nil
      case .stretches(let gap, let most, let byRank):
        let sequence = priority.sequence(joining: gap, most: most)
        try queue.follow(sequence, givesRanks: byRank)
        return sequence
      }
    } catch { throw .system(error) }
  }

  private mutating func begin<Writer: DumpWriter & ~Copyable>(
    _ writer: inout Writer, sequence: FrameSequence?
  ) throws(PipelineError) {
    let notes = memory.notes
    do throws(DumpError) {
      try queue.withFrames { (frames) throws(DumpError) in
        try writer.begin(
          notes: notes, existing: memory.frames, dumpable: frames, sequence: sequence)
      }
    } catch { throw .write(error) }
    report.unreadableNoteBytes = writer.unreadableNoteBytes
  }

  private func finish<Writer: DumpWriter & ~Copyable>(_ writer: inout Writer) throws(PipelineError) {
    queue.removeLost()
    do throws(DumpError) {
      try queue.withFrames { (frames) throws(DumpError) in try writer.finish(dumpable: frames) }
    } catch { throw .write(error) }
  }

  private mutating func copy<Writer: DumpWriter & ~Copyable>(
    into writer: inout Writer, threads: Int, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(PipelineError) {
    let form = writer.form
    let own = try PageWorker(memory, form: form)
    var load = ProcessorLoad()
    let ring = BatchRing(
      try makeBatches(for: threads, form.codec), queue: queue, active: min(threads, load.processors))
    let others = ThreadGroup()
    defer {
      ring.stop()
      others.join()
    }
    // Fewer threads than wanted are slower and not wrong.
    while others.count < threads - 1,
      let worker = try? PageWorker(memory, form: form),
      others.start({ worker.work(through: ring) })
    {}
    while let task = ring.nextTask() {
      if let deadline, MonotonicClock.microseconds() >= deadline { throw .deadline }
      switch task {
      case .fill(let batch, let number):
        own.process(&batch.contents)
        ring.hand(over: number)
      case .write(let batch):
        try write(batch.contents, into: &writer, progress: progress)
        ring.release(batch)
        if others.count >= load.processors, load.hasBeenLow() { ring.admitOneMore() }
      }
    }
  }

  // MARK: - Batches

  /// A batch for a thread alone; for more, one each and two on their way to the writer, or as many of them as
  /// there is memory for.
  private func makeBatches(for threads: Int, _ codec: Codec) throws(PipelineError) -> [PageBatch] {
    var batches = [PageBatch(try makeBatch(codec))]
    if threads == 1 { return batches }
    while batches.count < threads + 2, let batch = try? makeBatch(codec) { batches.append(PageBatch(batch)) }
    return batches
  }

  private func makeBatch(_ codec: Codec) throws(PipelineError) -> BatchContents {
    let pageSize = memory.geometry.size
    do throws(SystemError) {
      return try BatchContents(
        pageSize: pageSize,
        compressionBound: PageCompressor.outputBound(codec: codec, pageSize: pageSize))
    } catch { throw .system(error) }
  }

  private mutating func write<Writer: DumpWriter & ~Copyable>(
    _ batch: borrowing BatchContents, into writer: inout Writer,
    progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(PipelineError) {
    do throws(DumpError) { try batch.append(to: &writer) } catch { throw .write(error) }
    report.count(batch)
    progress(report.writtenPages + report.lost.count, total)
  }
}
