internal import DumpMemory
internal import KernelModel
internal import Platform

/// What the crashed kernel tells of its end, from its own symbols and types alone. Each part is found by itself: where one cannot
/// be had, why is said, and the others come.
struct CrashSummary {
  /// A task and its stack.
  struct TaskStack {
    let task: KernelTask
    let stack: StackTrace
  }

  /// A processor and its stack; nil where its registers are not known.
  struct ProcessorStack {
    let state: ProcessorState
    let stack: StackTrace?
  }

  /// Why a part is missing, or not whole.
  struct Problem {
    let part: String
    let reason: String
  }

  let identity: KernelIdentity
  let log: LogSummary?
  let tasks: TaskList?
  let processors: [ProcessorStack]
  /// The first of the tasks that are blocked, and their stacks.
  let blocked: [TaskStack]
  let symbolizer: Symbolizer
  let modules: ModuleList?
  let counters: MemoryCounters?
  let slabs: SlabUsage?
  let pageSize: Int
  let problems: [Problem]

  /// What to ask ``Kernel`` for early.
  static let symbols =
    KernelIdentity.symbols + ModuleList.symbols + TaskList.symbols + ProcessorState.symbols + Unwinder.symbols
    + MemoryCounters.symbols + SlabUsage.symbols + KernelTypes.symbols
  static let wantedTypes: WantedTypes = {
    var wanted = KernelIdentity.wantedTypes
    for more in [
      ModuleList.wantedTypes, TaskList.wantedTypes, ProcessorState.wantedTypes, Unwinder.wantedTypes,
      MemoryCounters.wantedTypes, SlabUsage.wantedTypes,
    ] { wanted.formUnion(more) }
    return wanted
  }()

  /// Lines of the log's end that are shown.
  private static let logLines = 20
  /// Stacks of blocked tasks that are walked: of more than that nobody reads each.
  private static let mostStacks = 1000
  /// Frames of all stacks together: 8192 idle processors have 60,000.
  private static let mostFrames = 200_000

  init(_ kernel: Kernel) throws(VmcoreError) {
    var memory = try kernel.memory()
    var problems: [Problem] = []
    func note(_ part: String, _ reason: String?) {
      if let reason { problems.append(Problem(part: part, reason: reason)) }
    }
    func part<Value>(_ name: String, _ find: () throws(KernelError) -> Value) -> Value? {
      do throws(KernelError) { return try find() } catch {
        note(name, "\(error)")
        return nil
      }
    }
    // One look for all that is asked for now, and all types that a vmlinux with DWARF alone is read for.
    _ = kernel.symbolsAtHand(Self.symbols)
    let hasTypes = part("types") { () throws(KernelError) in try kernel.types(Self.wantedTypes) } != nil

    pageSize = kernel.geometry.size
    identity = KernelIdentity(kernel, in: &memory)
    var log: LogSummary?
    do throws(KernelError) { log = try LogSummary(kernel, keeping: Self.logLines) } catch {
      note("log", "\(error)")
    }
    self.log = log
    note("log", log?.problem)

    // Without types each would say the same again.
    modules =
      hasTypes ? part("modules") { () throws(KernelError) in try ModuleList(kernel, in: &memory) } : nil
    note("modules", modules?.problem)
    tasks = hasTypes ? part("tasks") { () throws(KernelError) in try TaskList(kernel, in: &memory) } : nil
    note("tasks", tasks?.problem)
    counters =
      hasTypes ? part("memory") { () throws(KernelError) in try MemoryCounters(kernel, in: &memory) } : nil
    slabs = hasTypes ? part("slabs") { () throws(KernelError) in try SlabUsage(kernel, in: &memory) } : nil
    note("slabs", slabs?.problem)

    let unwinder = Unwinder(kernel, modules: modules, in: &memory)
    let all = part("processors") { () throws(KernelError) in try ProcessorState.all(kernel, in: &memory) }
    note("processors", all?.problem)
    var processors: [ProcessorStack] = []
    var budget = Self.mostFrames
    for state in all?.processors ?? [] {
      let stack = state.registers.flatMap { budget > 0 ? unwinder.trace($0, in: &memory) : nil }
      budget -= stack?.frames.count ?? 0
      processors.append(ProcessorStack(state: state, stack: stack))
    }
    self.processors = processors
    let waiting = (tasks?.tasks ?? []).filter { $0.state == .blocked }
    var blocked: [TaskStack] = []
    for task in waiting.prefix(Self.mostStacks) where budget > 0 {
      let stack = unwinder.trace(task, of: kernel, in: &memory)
      budget -= stack.frames.count
      blocked.append(TaskStack(task: task, stack: stack))
    }
    self.blocked = blocked
    if waiting.count > blocked.count {
      note("tasks", "of \(waiting.count) blocked tasks the stacks of \(blocked.count) are shown")
    }
    if budget <= 0 { note("stacks", "more than \(Self.mostFrames) frames: the rest is not shown") }
    symbolizer = Symbolizer(
      processors.compactMap(\.stack) + blocked.map(\.stack), of: kernel, modules: modules, in: &memory)
    note("symbols", symbolizer.problem)
    self.problems = problems
  }

  /// The processor on which the kernel crashed.
  var crashed: ProcessorStack? { processors.first { $0.state.number == identity.crashedProcessor } }

  /// What it has in common with other crashes of the same defect.
  var signature: CrashSignature? {
    guard let cause = log?.cause else { return nil }
    let stack =
      cause.kind == .hungTask
      ? cause.hungTask.flatMap { pid in blocked.first { $0.task.pid == pid }?.stack } : crashed?.stack
    return CrashSignature(
      cause.kind,
      frames: stack?.frames.map { frame in
        let symbol = symbolizer.symbol(of: frame)
        return CrashSignature.Frame(
          name: symbol?.name.printable ?? "?", module: symbol?.module?.printable, isInterrupted: frame.isExact
        )
      })
  }

  /// Seconds since boot: by the kernel's clock, else when its last message came.
  var uptime: UInt64? { identity.uptime ?? log?.lastTime.map { $0 / 1_000_000_000 } }
}
