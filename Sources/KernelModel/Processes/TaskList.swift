internal import DumpMemory

/// The tasks of the crashed kernel, all threads of all processes, without the idle tasks of processors.
public struct TaskList: Sendable {
  public let tasks: [KernelTask]
  /// Why some may be missing; nil where none is.
  public let problem: String?

  /// What to ask ``Kernel`` for early.
  public static let symbols = ["init_task"]
  public static let wantedTypes = WantedTypes(structures: TaskLayout.structures)

  /// PID_MAX_LIMIT of 64-bit kernels.
  private static let mostTasks = 1 << 22

  /// - Throws: ``KernelError`` if the list cannot be found.
  public init(_ kernel: Kernel, in memory: inout KernelMemory) throws(KernelError) {
    let types = try kernel.types(Self.wantedTypes)
    guard let first = kernel.symbolsAtHand(Self.symbols).address(of: "init_task") else {
      throw .absent("there is no symbol init_task")
    }
    guard let layout = TaskLayout(types.btf, version: kernel.version) else {
      throw .absent("there are no types task_struct and signal_struct with what tasks are listed by")
    }
    let limit = min(kernel.mostObjects(of: layout.size), Self.mostTasks)
    let leaders = ListNodes(of: first + layout.tasks, atMost: limit, &memory)
    var problem = leaders.problem.map { "the list of processes breaks off: \($0)" }
    var tasks: [KernelTask] = []
    var seen: Set<VirtualAddress> = []
    // A process has one of its own: where damage gives it to thousands, the list of its threads is walked once.
    var signals: Set<VirtualAddress> = []
    for node in leaders.nodes {
      let leader = node + -layout.tasks
      var threads = [leader]
      do throws(VmcoreError) {
        let signal = VirtualAddress(try memory.word(leader + layout.signal))
        if KernelPointer.isPlausible(signal.rawValue), signals.insert(signal).inserted {
          let list = ListNodes(of: signal + layout.threads, atMost: max(limit - tasks.count, 0), &memory)
          threads += list.nodes.map { $0 + -layout.thread }
          problem = problem ?? list.problem.map { "the threads of a process break off: \($0)" }
        }
      } catch { problem = problem ?? "a process's threads cannot be read: \(error)" }
      for task in threads where tasks.count < limit && seen.insert(task).inserted {
        do throws(VmcoreError) { tasks.append(try KernelTask(at: task, layout: layout, in: &memory)) } catch {
          problem = problem ?? "the task at \(task) cannot be read: \(error)"
        }
      }
    }
    self.tasks = tasks
    self.problem = problem
  }

  /// How many tasks were in each state; states that none was in are left out.
  public var counts: [(state: TaskState, count: Int)] {
    TaskState.allCases.compactMap { state in
      let count = tasks.count { $0.state == state }
      return count > 0 ? (state, count) : nil
    }
  }
}
