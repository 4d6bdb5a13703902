internal import Platform

/// The threads that work on a ring of batches.
final class Crew {
  private let ring: BatchRing
  private var threads: [Handle] = []

  init(_ ring: BatchRing) {
    self.ring = ring
  }

  var count: Int { threads.count }

  /// Starts a thread for a worker; false if the system has none to give.
  func hire(_ worker: PageWorker) -> Bool {
    let ring = ring
    let thread = try? Thread {
      while let (batch, number) = ring.claim() {
        worker.process(&batch.contents)
        ring.hand(over: number)
      }
    }
    guard let thread else { return false }
    threads.append(Handle(thread))
    return true
  }

  /// Waits until every thread has ended; the ring must have been drained or stopped.
  func dismiss() {
    for handle in threads { handle.join() }
    threads = []
  }

  /// A thread that an array can hold.
  private final class Handle {
    private var thread: Thread?

    init(_ thread: consuming Thread) {
      self.thread = consume thread
    }

    func join() {
      thread.take()?.join()
    }
  }
}
