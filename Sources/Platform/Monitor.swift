internal import CLinux

/// A mutex: a place in which one thread is at a time, and threads wait for each other.
///
/// `Synchronization.Mutex` cannot wait.
@safe
public final class Monitor: Sendable {
  // POSIX forbids moving it, so it lives on the heap.
  nonisolated(unsafe) private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  public init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
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

  /// Leaves the monitor until somebody signals; call it inside ``locked(_:)``, in a loop around what is waited for.
  public func wait(for condition: Condition) {
    unsafe condition.wait(mutex)
  }
}
