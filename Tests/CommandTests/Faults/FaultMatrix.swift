import DumpFixtures
import Glibc

/// The faults that fit a scenario: every kind of call that it makes, at each of its positions, with each error that such a
/// call knows.
struct FaultMatrix {
  /// What a call may say, by the manual pages of section 2, or do less of.
  private static let errors: [(call: String, errors: [(Int32, String)])] = [
    ("pread64", [(EIO, "EIO"), (EINTR, "EINTR"), (EFAULT, "EFAULT"), (ENOMEM, "ENOMEM")]),
    ("read", [(EIO, "EIO"), (EINTR, "EINTR"), (EAGAIN, "EAGAIN"), (ENOMEM, "ENOMEM")]),
    ("pwrite64", [(EIO, "EIO"), (ENOSPC, "ENOSPC"), (EINTR, "EINTR"), (EDQUOT, "EDQUOT"), (EFBIG, "EFBIG")]),
    ("write", [(EIO, "EIO"), (ENOSPC, "ENOSPC"), (EINTR, "EINTR"), (EAGAIN, "EAGAIN"), (EPIPE, "EPIPE")]),
    ("mmap", [(ENOMEM, "ENOMEM"), (EAGAIN, "EAGAIN"), (ENODEV, "ENODEV")]),
    ("munmap", [(ENOMEM, "ENOMEM")]),
    ("mprotect", [(ENOMEM, "ENOMEM")]),
    ("brk", [(ENOMEM, "ENOMEM")]),
    ("madvise", [(EFAULT, "EFAULT"), (ENOMEM, "ENOMEM"), (EINVAL, "EINVAL"), (EIO, "EIO")]),
    ("ftruncate", [(EIO, "EIO"), (ENOSPC, "ENOSPC"), (EINTR, "EINTR"), (EFBIG, "EFBIG")]),
    ("fallocate", [(EOPNOTSUPP, "EOPNOTSUPP"), (ENOSPC, "ENOSPC"), (EINTR, "EINTR"), (EIO, "EIO")]),
    ("fsync", [(EIO, "EIO"), (ENOSPC, "ENOSPC"), (EDQUOT, "EDQUOT"), (EINTR, "EINTR")]),
    ("close", [(EIO, "EIO"), (EINTR, "EINTR"), (ENOSPC, "ENOSPC")]),
    (
      "openat",
      [
        (EMFILE, "EMFILE"), (ENFILE, "ENFILE"), (EACCES, "EACCES"), (EIO, "EIO"), (EINTR, "EINTR"),
        (ENOMEM, "ENOMEM"),
      ]
    ),
    ("rename", [(EIO, "EIO"), (ENOSPC, "ENOSPC"), (EACCES, "EACCES")]),
    ("unlink", [(EIO, "EIO"), (EACCES, "EACCES")]),
    ("clone3", [(EAGAIN, "EAGAIN"), (ENOMEM, "ENOMEM")]),
    ("clone", [(EAGAIN, "EAGAIN")]),
    ("fstat", [(EIO, "EIO")]), ("newfstatat", [(EIO, "EIO"), (EACCES, "EACCES")]),
    ("fstatfs", [(EIO, "EIO")]),
    ("stat", [(EIO, "EIO")]), ("lstat", [(EIO, "EIO")]), ("access", [(EIO, "EIO")]),
    ("lseek", [(EINVAL, "EINVAL"), (EIO, "EIO")]),
    (
      "copy_file_range",
      [(EIO, "EIO"), (ENOSPC, "ENOSPC"), (EXDEV, "EXDEV"), (EINTR, "EINTR"), (ENOMEM, "ENOMEM")]
    ),
    ("dup", [(EMFILE, "EMFILE")]), ("fcntl", [(EMFILE, "EMFILE")]), ("fchmod", [(EPERM, "EPERM")]),
    ("sched_getaffinity", [(EINVAL, "EINVAL")]), ("ioctl", [(ENOTTY, "ENOTTY")]),
    ("sysinfo", [(EFAULT, "EFAULT")]),
    ("rt_sigaction", [(EINVAL, "EINVAL")]),
  ]
  /// Bytes that a short call is made for: fewer than any field has, and a length that is no multiple of anything.
  private static let shortCalls = ["pread64", "read", "pwrite64", "write", "copy_file_range"]
  private static let shortSizes = [1, 4099]
  private static let signals: [(Int32, String)] = [
    (SIGKILL, "SIGKILL"), (SIGTERM, "SIGTERM"), (SIGINT, "SIGINT"), (SIGHUP, "SIGHUP"), (SIGPIPE, "SIGPIPE"),
  ]

  private(set) var faults: [Fault] = []

  /// - Parameter sound: the run in which nothing failed, with its counts.
  init(_ sound: FaultedRun) {
    for (name, errors) in Self.errors {
      let call = Fault.Call.named(name)
      let count = sound.count(of: call)
      addAll(
        call, count, errors.map { .error($0, $1) },
        lasting: errors.filter { !Self.isTried($0.0) }.map { .error($0, $1) })
      guard Self.shortCalls.contains(name) else { continue }
      addAll(call, count, Self.shortSizes.map { .short($0) }, lasting: [.short(509)])
      addAll(call, count, [.delay(20)], lasting: [])
    }
    addAll(
      .message, max(sound.count(of: .message), 1), [.error(EIO, "EIO"), .error(EPIPE, "EPIPE")],
      lasting: [.error(EIO, "EIO")])
    addAll(.any, sound.count(of: .any), Self.signals.map { .signal($0, $1) }, lasting: [])
  }

  /// Errors after which a call is made again, so that they cannot last.
  private static func isTried(_ error: Int32) -> Bool { error == EINTR || error == EAGAIN }

  private mutating func addAll(
    _ call: Fault.Call, _ count: UInt, _ effects: [Fault.Effect], lasting: [Fault.Effect]
  ) {
    guard count > 0 else { return }
    for effect in effects {
      for place in 1...count { faults.append(Fault(call: call, effect: effect, positions: place...place)) }
    }
    for effect in lasting {
      // From the first on, and from the middle on.
      for place in Set([1, (count + 1) / 2]) {
        faults.append(Fault(call: call, effect: effect, positions: place...UInt.max))
      }
    }
  }

  /// As many of them, chosen by a seed: of each kind of call about as many.
  func sample(_ count: Int, seed: UInt64) -> [Fault] {
    var random = SeededGenerator(seed: seed)
    guard count < faults.count else { return faults.shuffled(using: &random) }
    var groups = Dictionary(grouping: faults) { $0.call }.sorted { $0.key.description < $1.key.description }
      .map { $0.value.shuffled(using: &random) }
    var sample: [Fault] = []
    while sample.count < count {
      for index in groups.indices where !groups[index].isEmpty { sample.append(groups[index].removeLast()) }
    }
    return Array(sample.prefix(count))
  }
}
