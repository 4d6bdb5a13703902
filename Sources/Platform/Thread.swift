internal import CLinux

/// A POSIX thread. It must be joined.
public struct Thread: ~Copyable {
  private let handle: pthread_t

  /// What a worker needs: codec contexts are on the heap, and zstd keeps little on the stack.
  public static let stackSize = 256 << 10

  /// Starts a thread with a small stack. The corresponding C function is `pthread_create`.
  public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, Thread.stackSize)

    let context = unsafe Unmanaged.passRetained(Body(body))
    var handle = pthread_t()
    let code = unsafe pthread_create(
      &handle, &attributes,
      { argument in
        unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      unsafe context.release()
      throw SystemError("pthread_create", subject: "a worker thread", code: Errno(rawValue: code))
    }
    self.handle = handle
  }

  /// Waits until the thread has ended.
  public consuming func join() {
    pthread_join(handle, nil)
  }

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
