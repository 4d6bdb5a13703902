import DumpFixtures
import DumpMemory
import KernelModel

/// What `inspect` tells of a crash: tasks, processors, modules, stacks by ORC tables, names of their frames, counters.
public struct CrashTarget: FuzzTarget {
  public static let name = "crash"
  public static let input =
    "changes of types, tasks, stacks, notes of processors, modules, ORC tables and counters (KernelPatch)"
  public static let mostBytes = 1024

  private let kernel: PatchedKernel
  /// Of a walk, by ``Unwinder``.
  private static let mostFrames = 512

  public init() { kernel = Self.kernel() }

  static func kernel() -> PatchedKernel {
    let fixture = CrashFixture()
    let first = fixture.tables.kernel.text + 0x3000
    let kernel = PatchedKernel(fixture.tables.kernel)
    for address in stride(from: first, to: fixture.tables.nextAddress, by: 4096) {
      kernel.addWindow(image: address, byteCount: address == first ? 2048 : 4096)
    }
    return kernel
  }

  public func seeds() -> [FuzzSeed] {
    // Windows: types, distances, entries, code, distances and entries of the module, its names, symbols and kallsyms, the list's head,
    // the module, four tasks with a stack each, two processors.
    [
      FuzzSeed("plain", []),
      FuzzSeed("task", KernelPatch.bytes(4, window: 13, value: 0x100 << 8 | 15)),
      FuzzSeed("threads", KernelPatch.bytes(4, window: 13, place: 32, value: 0x10 << 8 | 17)),
      FuzzSeed("stack", KernelPatch.bytes(4, window: 14, place: 261, value: 0x800 << 8 | 14)),
      FuzzSeed("entry", KernelPatch.bytes(2, window: 2, place: 2, value: 0x0213)),
      FuzzSeed("count", KernelPatch.bytes(1, window: 12, place: 34, value: 0xffff_ffff)),
      FuzzSeed("region", KernelPatch.bytes(0, window: 12, place: 13, value: .max - 0xff)),
      FuzzSeed("ip", KernelPatch.bytes(0, window: 19, place: 32, value: 0)),
      FuzzSeed("masks", KernelPatch.bytes(0, window: 24, value: 0x1_ffff)),
    ]
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    var bytes = InputBytes(input)
    guard let kernel = kernel.patched(by: &bytes), let source = try? kernel.memory() else { return }
    var memory = source
    try Self.check(KernelIdentity(kernel, in: &memory))
    _ = try? MemoryCounters(kernel, in: &memory)
    let modules = try? ModuleList(kernel, in: &memory)
    for module in modules?.modules ?? [] { try Self.check(module) }
    let unwinder = Unwinder(kernel, modules: modules, in: &memory)
    var traces: [StackTrace] = []
    let processors = (try? ProcessorState.all(kernel, in: &memory))?.processors ?? []
    let numbers = processors.map(\.number)
    try FuzzFinding.unless(numbers == Set(numbers).sorted(), "processors are not in order: \(numbers)")
    for processor in processors {
      if let task = processor.task { try Self.check(task) }
      guard let registers = processor.registers else { continue }
      traces.append(unwinder.trace(registers, in: &memory))
    }
    let tasks = (try? TaskList(kernel, in: &memory))?.tasks ?? []
    try FuzzFinding.unless(Set(tasks.map(\.address)).count == tasks.count, "a task is on the list twice")
    for task in tasks {
      try Self.check(task)
      if traces.count < 16 { traces.append(unwinder.trace(task, of: kernel, in: &memory)) }
    }
    for trace in traces {
      try FuzzFinding.unless(
        trace.frames.count <= Self.mostFrames, "a stack has \(trace.frames.count) frames")
    }
    let symbolizer = Symbolizer(traces, of: kernel, modules: modules, in: &memory)
    for frame in traces.flatMap(\.frames) {
      guard let symbol = symbolizer.symbol(of: frame) else { continue }
      // The frame of a call is named by the call, the byte before where it returns to.
      let isInside = symbol.size.map { symbol.offset <= $0 } ?? true
      try FuzzFinding.unless(isInside, "\(symbol.offset) bytes into a symbol of \(symbol.size ?? 0)")
    }
  }

  private static func check(_ task: KernelTask) throws(FuzzFinding) {
    try FuzzFinding.unless(isPlain(task.name), "a task's name has what a terminal obeys")
  }

  private static func check(_ module: KernelModule) throws(FuzzFinding) {
    try FuzzFinding.unless(isPlain(module.name), "a module's name has what a terminal obeys")
    try FuzzFinding.unless(
      module.byteCount >= UInt64(module.stretches.map(\.count).max() ?? 0),
      "a module is smaller than a part of it")
  }

  private static func check(_ identity: KernelIdentity) throws(FuzzFinding) {
    for text in [identity.hardware, identity.commandLine, identity.processorModel] {
      try FuzzFinding.unless(isPlain(text ?? ""), "what the kernel says of itself has what a terminal obeys")
    }
  }

  private static func isPlain(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
  }
}
