/// Threads that are started one by one, and that somebody waits for together.
public final class ThreadGroup {
  private var members: [Member] = []

  public init() {}

  public var count: Int { members.count }

  /// Starts one more thread; false if the system has none to give.
  public func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = try? Thread(body) else { return false }
    members.append(Member(thread))
    return true
  }

  /// Waits until every thread has ended.
  public func join() {
    for member in members { member.join() }
    members = []
  }

  /// A thread that an array can hold.
  private final class Member {
    private var thread: Thread?

    init(_ thread: consuming Thread) {
      self.thread = consume thread
    }

    func join() {
      thread.take()?.join()
    }
  }
}
