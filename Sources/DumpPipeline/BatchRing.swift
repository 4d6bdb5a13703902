internal import Platform

/// Passes batches from one queue of frames to many workers and, in the order of the frames, to one writer.
///
/// Batch number n lies in slot n modulo the slots' number. A worker may claim a batch while its slot is
/// empty, so the memory is fixed and a slow writer holds the workers back.
final class BatchRing: @unchecked Sendable {
  private enum Slot {
    case empty
    case claimed
    case ready
  }

  private let monitor = Monitor()
  private let batches: [PageBatch]
  private var slots: [Slot]
  private let queue: FrameQueue
  /// The batch that the next worker claims.
  private var nextToClaim = 0
  /// The batch that the writer writes next.
  private var nextToWrite = 0
  private var isDrained = false
  private var isStopped = false

  init(_ batches: [PageBatch], _ queue: FrameQueue) {
    self.batches = batches
    self.queue = queue
    slots = [Slot](repeating: .empty, count: batches.count)
  }

  /// A worker's next batch and its number; nil when there is nothing left to do.
  func claim() -> (batch: PageBatch, number: Int)? {
    monitor.locked {
      while !isStopped, !isDrained, slots[nextToClaim % slots.count] != .empty { monitor.wait() }
      if isStopped || isDrained { return nil }
      let number = nextToClaim
      let batch = batches[number % slots.count]
      guard queue.fill(&batch.contents) else {
        isDrained = true
        monitor.signalAll()
        return nil
      }
      slots[number % slots.count] = .claimed
      nextToClaim += 1
      return (batch, number)
    }
  }

  /// A worker has filled its batch.
  func hand(over number: Int) {
    monitor.locked {
      slots[number % slots.count] = .ready
      if number == nextToWrite { monitor.signalAll() }
    }
  }

  /// The writer's next batch, in order; nil after the last.
  func nextReady() -> PageBatch? {
    monitor.locked {
      while slots[nextToWrite % slots.count] != .ready {
        if isDrained, nextToWrite == nextToClaim { return nil }
        monitor.wait()
      }
      return batches[nextToWrite % slots.count]
    }
  }

  /// The writer is done with its batch, whose lost frames leave the dump.
  func release(_ batch: PageBatch) {
    monitor.locked {
      if !batch.contents.lost.isEmpty { queue.remove(batch.contents.lost) }
      slots[nextToWrite % slots.count] = .empty
      nextToWrite += 1
      monitor.signalAll()
    }
  }

  /// Nothing more is wanted: workers end as soon as they look.
  func stop() {
    monitor.locked {
      isStopped = true
      monitor.signalAll()
    }
  }
}
