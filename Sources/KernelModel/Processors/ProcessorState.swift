internal import DumpMemory

/// What a processor was doing when the kernel crashed.
public struct ProcessorState: Sendable {
  /// Where its registers come from.
  public enum Source: String, Sendable {
    /// From the place where the kernel had it leave them (`crash_notes`).
    case kernel
    /// From the hypervisor that made the dump.
    case hypervisor
    /// It did not answer when it was told to stop.
    case silent
    /// It was not in use.
    case offline
    /// What it left cannot be read.
    case unreadable
  }

  public let number: Int
  public let source: Source
  public let registers: Registers?
  /// The task that it ran, its idle task included; nil where that is not known.
  public let task: KernelTask?
  /// Its stacks, by name.
  let stacks: [(name: String, range: Range<UInt64>)]

  /// What to ask ``Kernel`` for early.
  public static let symbols =
    ProcessorAreas.symbols + [
      "runqueues", "pcpu_hot", "hardirq_stack_ptr", "cea_exception_stacks",
    ]
  public static let wantedTypes = WantedTypes(
    structures: TaskLayout.structures + [
      "rq", "pcpu_hot", "irq_stack", "cea_exception_stacks", "thread_union",
    ])

  /// Every processor that was present, and why some are missing.
  public static func all(
    _ kernel: Kernel, in memory: inout KernelMemory
  ) throws(KernelError) -> (processors: [ProcessorState], problem: String?) {
    guard let areas = ProcessorAreas(kernel, in: &memory) else {
      throw .absent("the kernel's masks of processors are not to be had")
    }
    let notes = areas.areas.contains { $0.hasNote == true } ? [] : kernel.physical.notes.processorStatus
    let isFromHypervisor = notes.count == areas.areas.count(where: \.isOnline)
    var next = 0
    let types = try? kernel.types(Self.wantedTypes)
    let layout = types.flatMap { TaskLayout($0.btf, version: kernel.version) }
    var processors: [ProcessorState] = []
    for area in areas.areas {
      var registers: Registers?
      let source: Source
      if isFromHypervisor, area.isOnline {
        registers = Registers(note: notes[next], of: kernel.machine.kind)
        source = registers == nil ? .unreadable : .hypervisor
        next += 1
      } else if area.hasNote == true {
        registers = area.note.flatMap { try? Registers(noteAt: $0, of: kernel.machine.kind, &memory) }
        source = registers == nil ? .unreadable : .kernel
      } else if !area.isOnline {
        source = .offline
      } else {
        source = area.hasNote == nil ? .unreadable : .silent
      }
      var task: KernelTask?
      var stacks: [(name: String, range: Range<UInt64>)] = []
      if let types {
        task = layout.flatMap {
          Self.task(of: area, kernel: kernel, types: types.btf, layout: $0, in: &memory)
        }
        stacks = Self.stacks(of: area, task: task, kernel: kernel, types: types.btf, in: &memory)
      }
      processors.append(
        ProcessorState(number: area.number, source: source, registers: registers, task: task, stacks: stacks))
    }
    return (processors, areas.problem)
  }

  /// `runqueues.curr`
  private static func task(
    of area: ProcessorAreas.Area, kernel: Kernel, types: borrowing BTF, layout: TaskLayout,
    in memory: inout KernelMemory
  ) -> KernelTask? {
    // arm64 takes a processor that it stops off line.
    guard area.isOnline || area.hasNote == true,
      let queue = kernel.symbolsAtHand(Self.symbols).address(of: "runqueues"),
      let current = types.offset("rq", "curr"),
      let task = try? memory.word(area.address(of: queue) + current), KernelPointer.isPlausible(task)
    else { return nil }
    return try? KernelTask(at: VirtualAddress(task), layout: layout, in: &memory)
  }

  private static func stacks(
    of area: ProcessorAreas.Area, task: KernelTask?, kernel: Kernel, types: borrowing BTF,
    in memory: inout KernelMemory
  ) -> [(name: String, range: Range<UInt64>)] {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    var stacks: [(name: String, range: Range<UInt64>)] = []
    func add(_ name: String, _ start: UInt64, _ size: UInt64) {
      let (end, overflow) = start.addingReportingOverflow(size)
      if start >> 63 == 1, !overflow, size > 0, size <= 1 << 20 { stacks.append((name, start..<end)) }
    }
    if let task { add("task", task.stack.rawValue, kernel.stackSize(types)) }
    var pointer = symbols.address(of: "hardirq_stack_ptr")
    if pointer == nil, let hot = symbols.address(of: "pcpu_hot"),
      let offset = types.offset("pcpu_hot", "hardirq_stack_ptr")
    {
      pointer = hot + offset
    }
    if let pointer, let top = try? memory.word(area.address(of: pointer)) {
      // It points to the last word.
      let size = UInt64(types.size("irq_stack") ?? Int(kernel.machine.stackSize))
      add("IRQ", top &+ 8 &- size, size)
    }
    // arm64's, which points to the first word; others of its stacks are no variable's.
    if kernel.machine.kind == .arm64,
      let pointer = kernel.symbolsAtHand(["irq_stack_ptr"]).address(of: "irq_stack_ptr"),
      let start = try? memory.word(area.address(of: pointer))
    {
      add("IRQ", start, kernel.stackSize(types))
    }
    if let variable = symbols.address(of: "cea_exception_stacks"),
      let base = try? memory.word(area.address(of: variable))
    {
      for name in ["DF", "NMI", "DB", "MCE", "VC", "VC2"] {
        if let member = types.member("cea_exception_stacks", path: "\(name)_stack"),
          let offset = member.offset,
          let size = member.size
        {
          add(name, base &+ UInt64(offset), UInt64(size))
        }
      }
    }
    return stacks
  }

  /// Which of its stacks an address lies in.
  public func stack(holding address: UInt64) -> String? {
    // A stack that is empty ends where its pointer does.
    stacks.first { $0.range.contains(address) || $0.range.upperBound == address }?.name
  }
}

extension Kernel {
  /// Bytes of a task's stack: `union thread_union`.
  func stackSize(_ types: borrowing BTF) -> UInt64 {
    let size = types.size("thread_union").map { UInt64($0) } ?? machine.stackSize
    return size >= 4096 && size <= 1 << 20 ? size : machine.stackSize
  }
}

extension Registers {
  /// From the place where the kernel has a processor leave its note.
  init(
    noteAt header: VirtualAddress, of machine: MachineKind, _ memory: inout KernelMemory
  ) throws(VmcoreError) {
    try self.init(at: header + Self.descriptorOffset + Self.offsetInStatus, of: machine, &memory)
  }

  /// A `struct pt_regs`.
  init(
    at address: VirtualAddress, of machine: MachineKind, _ memory: inout KernelMemory
  ) throws(VmcoreError) {
    var words: [UInt64] = []
    for index in 0..<Self.wordCount(machine) { words.append(try memory.word(address + index * 8)) }
    self.init(machine) { words[$0] }
  }

  /// From the descriptor of a note, `struct elf_prstatus`; nil for one that is too short.
  init?(note: [UInt8], of machine: MachineKind) {
    let bytes = unsafe note.span.bytes
    guard bytes.byteCount >= Self.offsetInStatus + Self.wordCount(machine) * 8 else { return nil }
    self.init(machine) { bytes.littleEndian(at: Self.offsetInStatus + $0 * 8) ?? 0 }
  }
}
