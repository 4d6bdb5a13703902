internal import Platform

/// Reads every page of a dump with a few threads, a chunk of frames at a time.
public final class PageChecker: @unchecked Sendable {
  private let memory: PhysicalMemory
  private let frames: PFNBitmap
  private let monitor = Monitor()
  private var nextChunk = 0
  /// Workers that have nothing left to do.
  private var ended = 0
  /// Pages that were done when progress was last told.
  private var reported: UInt64 = 0
  private var result = PageCheck()
  private var failure: SystemError?

  /// - Parameter memory: a dump; of a kdump-compressed one every page that has a descriptor is read, of an
  ///   ELF core every page of which the file has all that its headers name.
  public init(_ memory: PhysicalMemory) throws(VmcoreError) {
    frames =
      switch memory.source {
      case .pages(let store): try store.describedFrames()
      case .elf: try memory.framesInFile()
      }
    self.memory = memory
  }

  /// Reads all pages.
  ///
  /// - Parameter progress: called by the calling thread.
  public func run(
    threads: Int, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(VmcoreError) -> PageCheck {
    let workers = ThreadGroup()
    while workers.count < threads, workers.start({ self.work() }) {}
    if workers.count == 0 { work() }
    while watch(max(workers.count, 1), progress) {}
    workers.join()
    if let failure { throw .system(failure) }
    return result
  }

  /// Waits until more pages are done; false when the workers have ended.
  private func watch(_ workers: Int, _ progress: (UInt64, UInt64) -> Void) -> Bool {
    let (done, isLast) = monitor.locked { () -> (UInt64, Bool) in
      while ended < workers, result.pages == reported { monitor.wait() }
      reported = result.pages
      return (result.pages, ended == workers)
    }
    progress(done, frames.count)
    return !isLast
  }

  private func work() {
    do throws(SystemError) {
      var reader = try MemoryReader.sequential(memory)
      while let chunk = claim() {
        let check = check(chunk, &reader)
        monitor.locked {
          result.add(check)
          monitor.signalAll()
        }
      }
    } catch {
      monitor.locked { failure = error }
    }
    monitor.locked {
      ended += 1
      monitor.signalAll()
    }
  }

  private func claim() -> Int? {
    monitor.locked {
      while nextChunk < frames.chunkCount, frames.kind(ofChunk: nextChunk) == .clear { nextChunk += 1 }
      guard nextChunk < frames.chunkCount else { return nil }
      nextChunk += 1
      return nextChunk - 1
    }
  }

  private func check(_ chunk: Int, _ reader: inout MemoryReader) -> PageCheck {
    var check = PageCheck()
    let end = PFN(UInt64((chunk + 1) * PFNChunk.frames))
    var next = frames.next(from: PFN(UInt64(chunk * PFNChunk.frames)))
    while let pfn = next, pfn < end {
      check.pages += 1
      do throws(MemoryError) { try reader.withPage(pfn) { _ in } } catch { check.count(pfn, error) }
      next = frames.next(from: pfn.advanced(by: 1))
    }
    return check
  }
}
