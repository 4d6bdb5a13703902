internal import DumpMemory

/// The frames of what a reader reads before it is asked anything, and of what `bt` and `ps` ask for: the nodes, the
/// processors' own data, the modules, and the tasks with their stacks and pids.
///
/// It only says what is written first: what is not found here is written later.
struct OpeningFrames {
  private let kernel: Kernel
  private let symbols: KernelSymbols
  /// Objects that may still be looked at: a list of a damaged kernel may have no end.
  private var budget: Int

  /// What to ask ``Kernel`` for.
  static let symbols =
    [
      "__per_cpu_start", "__per_cpu_end", "node_data", "nr_node_ids", "init_task", "init_pid_ns",
    ] + ProcessorAreas.symbols + KernelTypes.symbols
  private static let wantedTypes = WantedTypes(structures: [
    "task_struct", "signal_struct", "mm_struct", "pid", "pid_namespace", "idr", "xarray", "xa_node",
    "pglist_data",
  ])
  /// PID_MAX_LIMIT of 64-bit kernels.
  private static let mostObjects = 1 << 22
  /// A `struct pid` or a node of its tree, which are the smallest of what is looked at, have more.
  private static let leastObject = 64
  /// `struct pglist_data` of the largest kernels has 300 KiB.
  private static let largestObject: UInt64 = 1 << 20
  /// CONFIG_NODES_SHIFT is 10 at most.
  private static let mostNodes = 1024

  init(_ kernel: Kernel) {
    self.kernel = kernel
    budget = min(Self.mostObjects, kernel.physical.most(ofBytes: Self.leastObject))
    symbols = kernel.symbolsAtHand(Self.symbols)
  }

  mutating func insert(into set: inout PFNBitmap, _ memory: inout KernelMemory) {
    // Behind what the image has there is what modules and the kernel itself asked for while it ran.
    insertProcessorAreas(withBehind: 128 << 10, into: &set, &memory)
    memory.insertFrames(of: kernel.machine.modules, into: &set, kernel.geometry)
    guard let types = try? kernel.types(Self.wantedTypes) else { return }
    insertNodes(types.btf, into: &set, in: &memory)
    insertTasks(types.btf, into: &set, in: &memory)
    insertPids(types.btf, into: &set, in: &memory)
  }

  /// - Parameter behind: bytes that count behind what the image has there.
  func insertProcessorAreas(
    withBehind behind: UInt64, into set: inout PFNBitmap, _ memory: inout KernelMemory
  ) {
    guard let start = symbols.address(of: "__per_cpu_start"), let end = symbols.address(of: "__per_cpu_end"),
      start < end, end.rawValue - start.rawValue <= 64 << 20
    else { return }
    let size = end.rawValue - start.rawValue + behind
    for offset in ProcessorAreas.offsets(of: kernel, in: &memory) {
      insert(start.rawValue &+ offset, size: size, atMost: size, into: &set, in: &memory)
    }
  }

  private func insertNodes(_ types: borrowing BTF, into set: inout PFNBitmap, in memory: inout KernelMemory) {
    guard let nodes = symbols.address(of: "node_data"), let number = symbols.address(of: "nr_node_ids"),
      let count = try? memory.word32(number), let size = types.size("pglist_data")
    else { return }
    for node in 0..<min(Int(count), Self.mostNodes) {
      guard let address = try? memory.word(nodes + node * 8) else { break }
      insert(address, size: UInt64(size), into: &set, in: &memory)
    }
  }

  private mutating func insertTasks(
    _ types: borrowing BTF, into set: inout PFNBitmap, in memory: inout KernelMemory
  ) {
    guard let first = symbols.address(of: "init_task"),
      let objects = TaskObjects(types, version: kernel.version)
    else { return }
    let layout = objects.layout
    var leader = first
    repeat {
      insert(leader, objects: objects, into: &set, in: &memory)
      if let signal = try? memory.word(leader + layout.signal), KernelPointer.isPlausible(signal) {
        insert(signal, size: objects.signalSize, into: &set, in: &memory)
        // The list of all threads begins with the leader, which is done.
        let head = VirtualAddress(signal) + layout.threads
        var thread = leader + layout.thread
        while let next = next(after: thread, &memory), next != head {
          if next != leader + layout.thread {
            insert(next + -layout.thread, objects: objects, into: &set, in: &memory)
          }
          thread = next
        }
      }
      guard let next = next(after: leader + layout.tasks, &memory) else { return }
      leader = next + -layout.tasks
    } while leader != first
  }

  private func insert(
    _ task: VirtualAddress, objects: TaskObjects, into set: inout PFNBitmap, in memory: inout KernelMemory
  ) {
    insert(task.rawValue, size: UInt64(objects.layout.size), into: &set, in: &memory)
    for (offset, size) in [
      (objects.layout.stack, kernel.machine.stackSize), (objects.memory, objects.memorySize),
      (objects.pid, objects.pidSize),
    ] {
      if let address = try? memory.word(task + offset) {
        insert(address, size: size, into: &set, in: &memory)
      }
    }
  }

  /// The node behind another of a `list_head`; nil where the list breaks off, or enough was looked at.
  private mutating func next(after node: VirtualAddress, _ memory: inout KernelMemory) -> VirtualAddress? {
    budget -= 1
    guard budget > 0, let next = try? memory.word(node), KernelPointer.isPlausible(next) else { return nil }
    return VirtualAddress(next)
  }

  /// The tree by which readers find the tasks: `init_pid_ns.idr`, an XArray since Linux 4.20.
  private mutating func insertPids(
    _ types: borrowing BTF, into set: inout PFNBitmap, in memory: inout KernelMemory
  ) {
    guard let space = symbols.address(of: "init_pid_ns"),
      let head = types.offset("pid_namespace", "idr.idr_rt.xa_head"),
      let size = types.size("xa_node"), let slots = types.offset("xa_node", "slots"),
      let shift = types.offset("xa_node", "shift"), let pidSize = types.size("pid"),
      let root = try? memory.word(space + head)
    else { return }
    var waiting: [(entry: UInt64, below: UInt8)] = [(root, 64)]
    while let (entry, below) = waiting.popLast(), budget > 0 {
      budget -= 1
      // xa_is_node(): internal entries have 2 in the lowest bits.
      guard entry & 3 == 2 else {
        if entry & 3 == 0 { insert(entry, size: UInt64(pidSize), into: &set, in: &memory) }
        continue
      }
      let node = entry - 2
      guard KernelPointer.isPlausible(node), let own = try? memory.byte(VirtualAddress(node) + shift),
        own < below
      else { continue }
      insert(node, size: UInt64(size), into: &set, in: &memory)
      for slot in 0..<(size - slots) / 8 {
        guard let entry = try? memory.word(VirtualAddress(node) + slots + slot * 8) else { break }
        // Behind the slots there are the marks, which are no pointers.
        if KernelPointer.isPlausible(entry & ~3) { waiting.append((entry, own)) }
      }
    }
  }

  private func insert(
    _ address: UInt64, size: UInt64, atMost largest: UInt64 = Self.largestObject, into set: inout PFNBitmap,
    in memory: inout KernelMemory
  ) {
    guard KernelPointer.isPlausible(address), size <= largest else { return }
    memory.insertFrames(at: address, byteCount: size, into: &set, kernel.geometry)
  }

  /// Where tasks are listed, and what of theirs is looked for besides.
  private struct TaskObjects {
    let layout: TaskLayout
    let signalSize: UInt64
    let memorySize: UInt64
    let pidSize: UInt64
    let memory: Int
    let pid: Int

    init?(_ types: borrowing BTF, version: KernelVersion) {
      guard let layout = TaskLayout(types, version: version), let signalSize = types.size("signal_struct"),
        let memorySize = types.size("mm_struct"), let pidSize = types.size("pid"),
        let memory = types.offset("task_struct", "mm"), let pid = types.offset("task_struct", "thread_pid")
      else { return nil }
      self.layout = layout
      self.signalSize = UInt64(signalSize)
      self.memorySize = UInt64(memorySize)
      self.pidSize = UInt64(pidSize)
      self.memory = memory
      self.pid = pid
    }
  }
}
