/// Why the kernel crashed, as its log tells.
///
/// A kernel says what it found (`BUG: kernel NULL pointer dereference`), and then, if it does not stop at once, that it gives up
/// (`Kernel panic - not syncing: Fatal exception`). Whoever may write to /dev/kmsg can make such lines, too.
public struct CrashCause: Hashable, Sendable {
  /// What kind of crash it was.
  public enum Kind: String, CaseIterable, Sendable {
    case sysrq
    case nullPointer = "null pointer"
    case pageFault = "page fault"
    case generalProtection = "general protection fault"
    case bug = "BUG"
    case invalidOpcode = "invalid opcode"
    case divideError = "divide error"
    case doubleFault = "double fault"
    case stackOverflow = "stack overflow"
    case stackCorruption = "stack corruption"
    case softLockup = "soft lockup"
    case hardLockup = "hard lockup"
    case hungTask = "hung task"
    case rcuStall = "RCU stall"
    case outOfMemory = "out of memory"
    case initKilled = "init killed"
    case noRootFilesystem = "no root file system"
    case machineCheck = "machine check"
    case nmi = "NMI"
    case warning
    case oops
    /// Another panic.
    case panic
    /// The log has neither: a hypervisor's dump, or the log's end is missing.
    case unknown
  }

  public let kind: Kind
  /// Behind `Kernel panic - not syncing: `; nil where the kernel stopped without.
  public let panic: String?
  /// The line in which the kernel says what it found; nil where there is none before the panic.
  public let finding: String?

  /// The pid of the task that hung, of `INFO: task NAME:PID blocked for more than N seconds.`; nil where it is not said.
  public var hungTask: Int32? {
    guard kind == .hungTask, let finding else {
      return nil
    }
    let words = finding.split(separator: " ")
    // A task's name may have spaces and colons.
    return words.indices.dropFirst().first { words[$0...].starts(with: ["blocked", "for", "more", "than"]) }
      .flatMap { words[$0 - 1].split(separator: ":").last }
      .flatMap { Int32($0) }
  }

  /// Words of a panic, and what they stand for.
  static let panics: [(words: String, kind: Kind)] = [
    ("sysrq triggered crash", .sysrq), ("softlockup: hung tasks", .softLockup), ("hard lockup", .hardLockup),
    ("hung_task: blocked tasks", .hungTask), ("rcu stall", .rcuStall), ("out of memory", .outOfMemory),
    ("deadlocked on memory", .outOfMemory), ("attempted to kill init", .initKilled),
    ("no working init found", .initKilled), ("unable to mount root fs", .noRootFilesystem),
    ("machine check", .machineCheck), ("serror", .machineCheck), ("stack-protector", .stackCorruption),
    ("corrupted stack end", .stackCorruption), ("kernel stack overflow", .stackOverflow),
    ("panic_on_warn set", .warning), ("nmi: not continuing", .nmi), ("nmi watchdog", .hardLockup),
    ("machine halted", .doubleFault),
  ]

  /// How a line begins, and what it stands for.
  static let findings: [(words: String, kind: Kind)] = [
    ("sysrq: trigger a crash", .sysrq), ("bug: kernel null pointer dereference", .nullPointer),
    ("bug: unable to handle kernel null pointer", .nullPointer), ("bug: unable to handle", .pageFault),
    ("unable to handle kernel null pointer", .nullPointer), ("unable to handle kernel", .pageFault),
    ("insufficient stack space to handle exception", .stackOverflow), ("serror interrupt", .machineCheck),
    ("kernel bug at", .bug), ("general protection fault", .generalProtection),
    ("oops: general protection fault", .generalProtection), ("invalid opcode", .invalidOpcode),
    ("oops: invalid opcode", .invalidOpcode), ("divide error", .divideError),
    ("oops: divide error", .divideError),
    ("traps: panic: double fault", .doubleFault), ("panic: double fault", .doubleFault),
    ("double fault", .doubleFault), ("bug: irq stack guard page was hit", .stackOverflow),
    ("bug: stack guard page was hit", .stackOverflow), ("bug: task stack guard page was hit", .stackOverflow),
    ("watchdog: bug: soft lockup", .softLockup), ("bug: soft lockup", .softLockup),
    ("watchdog: cpu", .hardLockup), ("nmi watchdog: watchdog detected hard lockup", .hardLockup),
    ("watchdog: watchdog detected hard lockup", .hardLockup), ("rcu: info: rcu_", .rcuStall),
    ("info: task ", .hungTask),
    ("mce: [hardware error]: machine check", .machineCheck), ("oops:", .oops),
    ("internal error:", .oops), ("bug:", .bug),
  ]
}
