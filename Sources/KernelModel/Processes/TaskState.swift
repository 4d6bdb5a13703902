/// What a task was doing, as `ps` says it: include/linux/sched.h.
public enum TaskState: String, CaseIterable, Sendable {
  case running
  case sleeping
  /// Waiting, and not to be woken by a signal: it counts as load.
  case blocked
  /// A kernel thread that waits for work (TASK_NOLOAD).
  case idle
  case stopped
  case traced
  case parked
  case zombie
  case dead
  case other

  /// The letter of `ps`.
  public var letter: String {
    switch self {
    case .running: "R"
    case .sleeping: "S"
    case .blocked: "D"
    case .idle: "I"
    case .stopped: "T"
    case .traced: "t"
    case .parked: "P"
    case .zombie: "Z"
    case .dead: "X"
    case .other: "?"
    }
  }

  /// - Parameters:
  ///   - state: `task_struct.__state`, `state` before 5.14.
  ///   - exit: `task_struct.exit_state`.
  ///   - isRenumbered: whether TASK_PARKED is 64 (Linux 4.14) and not 512.
  init(_ state: UInt64, exit: UInt64, isRenumbered: Bool) {
    let noLoad: UInt64 = 0x400
    let parked: UInt64 = isRenumbered ? 0x40 : 0x200
    if exit & 0x20 != 0 {
      self = .zombie
    } else if exit & 0x10 != 0 || state & (isRenumbered ? 0x80 : 0x40) != 0 {
      self = .dead
    } else if state & 8 != 0 {
      self = .traced
    } else if state & 4 != 0 {
      self = .stopped
    } else if state & parked != 0 {
      self = .parked
    } else if state & 2 != 0 {
      self = state & noLoad != 0 ? .idle : .blocked
    } else if state & 1 != 0 {
      self = .sleeping
    } else {
      // TASK_RTLOCK_WAIT of PREEMPT_RT is a wait for a lock, TASK_NEW and TASK_WAKING are about to run.
      self =
        state & 0x1000 != 0 && isRenumbered
        ? .blocked : state & ~0xc00 == 0 || state & 0xa00 != 0 ? .running : .other
    }
  }
}
