internal import DumpMemory

/// Where `struct task_struct` keeps what is read of a task.
struct TaskLayout {
  let size: Int
  let tasks: Int
  let signal: Int
  /// In struct signal_struct.
  let threads: Int
  let thread: Int
  let name: Int
  let pid: Int
  let group: Int
  let state: Int
  let stateSize: Int
  let exitState: Int?
  let flags: Int?
  let stack: Int
  /// Where its stack ended when it last left a processor: `thread.sp`, on arm64 `thread.cpu_context.sp`.
  let stackPointer: Int?
  /// `thread.cpu_context.fp` and `pc` of arm64, which x86_64 has on the stack.
  let context: (framePointer: Int, pc: Int)?
  /// Whether the states have the numbers of Linux 4.14 and later.
  let isRenumbered: Bool

  static let structures = ["task_struct", "signal_struct"]

  init?(_ types: borrowing BTF, version: KernelVersion) {
    guard let size = types.size("task_struct"), let tasks = types.offset("task_struct", "tasks"),
      let signal = types.offset("task_struct", "signal"),
      let threads = types.offset("signal_struct", "thread_head"),
      let thread = types.offset("task_struct", "thread_node"), let name = types.offset("task_struct", "comm"),
      let pid = types.offset("task_struct", "pid"), let group = types.offset("task_struct", "tgid"),
      // Renamed in 5.14.
      let member = types.member("task_struct", path: "__state") ?? types.member("task_struct", path: "state"),
      let state = member.offset, let stack = types.offset("task_struct", "stack")
    else { return nil }
    self.size = size
    self.tasks = tasks
    self.signal = signal
    self.threads = threads
    self.thread = thread
    self.name = name
    self.pid = pid
    self.group = group
    self.state = state
    stateSize = min(member.size ?? 4, 8)
    exitState = types.offset("task_struct", "exit_state")
    flags = types.offset("task_struct", "flags")
    self.stack = stack
    stackPointer =
      types.offset("task_struct", "thread.sp") ?? types.offset("task_struct", "thread.cpu_context.sp")
    if let fp = types.offset("task_struct", "thread.cpu_context.fp"),
      let pc = types.offset("task_struct", "thread.cpu_context.pc")
    {
      context = (fp, pc)
    } else {
      context = nil
    }
    isRenumbered = version >= KernelVersion(4, minor: 14)
  }
}
