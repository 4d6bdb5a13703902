internal import CLinux

/// A mutex and its condition: a place where threads wait for each other.
///
/// `Synchronization.Mutex` cannot wait.
@safe
public final class Monitor: Sendable {
  // POSIX forbids moving either, so they live on the heap.
  nonisolated(unsafe) private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  nonisolated(unsafe) private let condition: UnsafeMutablePointer<pthread_cond_t>

  public init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe condition = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs the body while no other thread is inside.
  public func locked<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Leaves the monitor until somebody signals; call it inside ``locked(_:)``, in a loop around the condition.
  public func wait() {
    unsafe pthread_cond_wait(condition, mutex)
  }

  /// Wakes every thread that waits.
  public func signalAll() {
    unsafe pthread_cond_broadcast(condition)
  }
}
