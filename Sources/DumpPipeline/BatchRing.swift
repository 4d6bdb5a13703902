internal import Platform

/// Passes batches from one queue of frames to many workers and, in the order of the frames, to one writer.
///
/// Batch number n lies in slot n modulo the slots' number. A worker may claim a batch while its slot is
/// empty, so the memory is fixed and a slow writer holds the workers back.
///
/// Of more threads than processors only so many fill batches at a time, and so many slots are used that these need; as long
/// as the processors are busy the others would only take turns with them, with memory that no cache holds any more.
final class BatchRing: @unchecked Sendable {
  private enum Slot {
    case empty
    case claimed
    case ready
  }

  enum WriterTask {
    case write(PageBatch)
    case fill(PageBatch, number: Int)
  }

  private let monitor = Monitor()
  /// A slot is empty, or there is nothing left to claim: what workers wait for.
  private let claimable = Condition()
  /// The writer has something to do.
  private let writable = Condition()
  private let batches: [PageBatch]
  private var slots: [Slot]
  private let queue: FrameQueue
  /// The batch that the next worker claims.
  private var nextToClaim = 0
  /// The batch that the writer writes next.
  private var nextToWrite = 0
  private var isDrained = false
  private var isStopped = false
  /// Batches that are being filled, and how many may be at a time.
  private var filling = 0
  private var mostFilling: Int
  /// Slots beside those that are being filled: one that is written, and one that is to be.
  private static let spareSlots = 2

  /// - Parameter active: threads that may fill batches at a time, until ``admitOneMore()``.
  init(_ batches: [PageBatch], queue: FrameQueue, active: Int) {
    self.batches = batches
    self.queue = queue
    mostFilling = max(active, 1)
    slots = [Slot](repeating: .empty, count: batches.count)
  }

  /// A worker's next batch and its number; nil when there is nothing left to do.
  func claim() -> (batch: PageBatch, number: Int)? {
    monitor.locked {
      while !isStopped, !isDrained {
        if let claimed = claimNow() { return claimed }
        if !isDrained { monitor.wait(for: claimable) }
      }
      return nil
    }
  }

  /// The next batch if there is memory for one and frames are left; to be called inside the monitor.
  private func claimNow() -> (batch: PageBatch, number: Int)? {
    let slot = nextToClaim % slots.count
    guard !isDrained, slots[slot] == .empty, filling < mostFilling,
      nextToClaim - nextToWrite < mostFilling + Self.spareSlots
    else { return nil }
    guard queue.fill(&batches[slot].contents) else {
      isDrained = true
      claimable.signalAll()
      writable.signal()
      return nil
    }
    slots[slot] = .claimed
    filling += 1
    defer { nextToClaim += 1 }
    return (batches[slot], nextToClaim)
  }

  /// A worker has filled its batch.
  func hand(over number: Int) {
    monitor.locked {
      slots[number % slots.count] = .ready
      filling -= 1
      if number == nextToWrite { writable.signal() }
    }
  }

  /// What the writer does next; nil after the last batch.
  ///
  /// Writing comes first, as it empties a slot. While there is nothing to write, the writer is a worker.
  func nextTask() -> WriterTask? {
    monitor.locked {
      while true {
        let slot = nextToWrite % slots.count
        if slots[slot] == .ready { return .write(batches[slot]) }
        if let (batch, number) = claimNow() { return .fill(batch, number: number) }
        if isDrained, nextToWrite == nextToClaim { return nil }
        monitor.wait(for: writable)
      }
    }
  }

  /// The writer is done with its batch, whose lost frames leave the dump.
  func release(_ batch: PageBatch) {
    monitor.locked {
      if !batch.contents.lost.isEmpty { queue.remove(batch.contents.lost) }
      slots[nextToWrite % slots.count] = .empty
      nextToWrite += 1
      // One slot more is one batch more; the writer itself may fill it.
      if filling < mostFilling - 1 { claimable.signal() }
    }
  }

  /// Lets one thread more fill batches: those that do leave processors idle, as where they wait for a disk.
  func admitOneMore() {
    monitor.locked {
      mostFilling += 1
      claimable.signal()
    }
  }

  /// Nothing more is wanted: workers end as soon as they look.
  func stop() {
    monitor.locked {
      isStopped = true
      claimable.signalAll()
    }
  }
}
