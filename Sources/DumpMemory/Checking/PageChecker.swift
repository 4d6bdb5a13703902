internal import PageCompression
internal import Platform

/// Reads every page of a dump with a few threads, and tells of them in the order of their frames.
///
/// Memory is a constant for each thread: a worker waits for a slot while what came of earlier frames has not been told.
public final class PageChecker: @unchecked Sendable {
  private enum State {
    case empty
    case claimed
    case ready
  }

  private final class Slot {
    var state = State.empty
    var block = CheckedBlock()
  }

  private let memory: PhysicalMemory
  private let frames: PFNBitmap
  private let takesSums: Bool
  private let monitor = Monitor()
  /// A slot is empty, or there is nothing left to claim: what workers wait for.
  private let claimable = Condition()
  /// The calling thread has something to tell.
  private let tellable = Condition()
  private var slots: [Slot] = []
  private var nextFrame = PFN(0)
  /// Blocks that were claimed, and that were told of.
  private var claimed = 0
  private var told = 0
  private var isDrained = false
  private var isStopped = false
  private var failure: SystemError?

  /// - Parameters:
  ///   - memory: a dump; of a kdump-compressed one every page that has a descriptor is read, of an ELF core every page of
  ///     which the file has all that its headers name.
  ///   - takesSums: whether pages are hashed.
  public init(_ memory: PhysicalMemory, takesSums: Bool = false) throws(VmcoreError) {
    frames =
      switch memory.source {
      case .pages(let store): try store.describedFrames()
      case .elf: try memory.framesInFile()
      }
    self.memory = memory
    self.takesSums = takesSums
  }

  /// Reads all pages; once.
  ///
  /// - Parameters:
  ///   - threads: that read and hash, beside the calling one. If not all can be started, those that were do the work.
  ///   - tell: called by the calling thread with what came of each stretch of frames, and how many pages are done of how
  ///     many.
  /// - Returns: all of it together.
  public func run(
    threads: Int, tell: (borrowing CheckedBlock, _ done: UInt64, _ total: UInt64) throws(VmcoreError) -> Void
  ) throws(VmcoreError) -> PageCheck {
    slots = (0..<max(threads, 1) * 2).map { _ in Slot() }
    let workers = ThreadGroup()
    while workers.count < threads, workers.start({ self.work() }) {}
    var result = PageCheck()
    let total = frames.count
    do throws(VmcoreError) {
      // Without a thread to be had, the calling one does all of it.
      if workers.count == 0 {
        var reader = try VmcoreError.wrapping { () throws(SystemError) in try MemoryReader.sequential(memory)
        }
        var hash = SHA256()
        while let (slot, range) = claim() {
          check(range, block: &slot.block, by: &reader, hash: &hash)
          result.add(slot.block.check)
          try tell(slot.block, result.pages, total)
          release(slot)
        }
      }
      while let slot = nextReady() {
        result.add(slot.block.check)
        try tell(slot.block, result.pages, total)
        release(slot)
      }
    } catch {
      stop()
      workers.join()
      throw error
    }
    workers.join()
    if let failure { throw .system(failure) }
    return result
  }

  /// The next block in order; nil behind the last.
  private func nextReady() -> Slot? {
    monitor.locked {
      while failure == nil {
        let slot = slots[told % slots.count]
        if slot.state == .ready { return slot }
        if isDrained, told == claimed { return nil }
        monitor.wait(for: tellable)
      }
      return nil
    }
  }

  private func release(_ slot: Slot) {
    monitor.locked {
      slot.state = .empty
      told += 1
      // One slot more is one block more.
      claimable.signal()
    }
  }

  private func stop() {
    monitor.locked {
      isStopped = true
      claimable.signalAll()
    }
  }

  private func work() {
    do throws(SystemError) {
      var reader = try MemoryReader.sequential(memory)
      var hash = SHA256()
      while let (slot, range) = claim() {
        check(range, block: &slot.block, by: &reader, hash: &hash)
        monitor.locked {
          slot.state = .ready
          if slots[told % slots.count] === slot { tellable.signal() }
        }
      }
    } catch {
      monitor.locked {
        failure = error
        isStopped = true
        claimable.signalAll()
        tellable.signal()
      }
    }
  }

  /// A slot, and the stretch of frames that is to be read into it; nil when there is nothing left to do.
  private func claim() -> (slot: Slot, frames: Range<PFN>)? {
    monitor.locked {
      while !isStopped, !isDrained {
        let slot = slots[claimed % slots.count]
        guard slot.state == .empty else {
          monitor.wait(for: claimable)
          continue
        }
        guard let first = frames.next(from: nextFrame) else {
          isDrained = true
          claimable.signalAll()
          tellable.signal()
          return nil
        }
        let number = first.rawValue / PageSums.framesOfBlock
        nextFrame = PFN((number + 1) * PageSums.framesOfBlock)
        slot.state = .claimed
        claimed += 1
        return (slot, first..<nextFrame)
      }
      return nil
    }
  }

  private func check(
    _ range: Range<PFN>, block: inout CheckedBlock, by reader: inout MemoryReader, hash: inout SHA256
  ) {
    block.begin(range.lowerBound.rawValue / PageSums.framesOfBlock)
    var next = frames.next(from: range.lowerBound)
    while let pfn = next, pfn < range.upperBound {
      block.check.pages += 1
      do throws(VmcoreError) {
        try reader.withPage(pfn) { page in
          if takesSums { block.sums.add(pfn, page, &hash) }
          if isZeroPage(page) { block.zeros.append(pfn) }
        }
      } catch {
        block.check.count(pfn, error: error)
        block.failed.append(pfn)
      }
      next = frames.next(from: pfn.advanced(by: 1))
    }
    block.check.zeroPages = UInt64(block.zeros.count)
  }
}
