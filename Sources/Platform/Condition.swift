internal import CLinux

/// What threads inside a ``Monitor`` wait for.
@safe
public final class Condition: Sendable {
  // POSIX forbids moving it, so it lives on the heap.
  nonisolated(unsafe) private let condition: UnsafeMutablePointer<pthread_cond_t>

  public init() {
    unsafe condition = .allocate(capacity: 1)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe condition.deallocate()
  }

  /// Leaves the monitor, whose mutex this is, until somebody signals.
  func wait(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
    unsafe pthread_cond_wait(condition, mutex)
  }

  /// Wakes one of the threads that wait, if any does.
  public func signal() {
    unsafe pthread_cond_signal(condition)
  }

  /// Wakes every thread that waits.
  public func signalAll() {
    unsafe pthread_cond_broadcast(condition)
  }
}
