internal import DumpMemory

/// Walks stacks of the crashed kernel: on x86_64 by its own ORC tables, as arch/x86/kernel/unwind_orc.c does, on arm64 by frame
/// records.
///
/// Nothing is believed that was not read: where a table or a stack's page is not in the dump the walk ends, and says so.
public struct Unwinder {
  private let layout: OrcLayout
  private let kallsyms: Kallsyms?
  /// The kernel's own; nil where they cannot be found.
  private let table: OrcTable?
  /// Stretches of the kernel's text.
  private let texts: [Range<UInt64>]
  private let modules: ModuleList?
  private let moduleArea: Range<UInt64>
  private let births: [UInt64]
  /// On arm64; nil on x86_64.
  private let records: FrameRecords?

  /// What to ask ``Kernel`` for early.
  public static let symbols =
    [
      "__start_orc_unwind", "__stop_orc_unwind", "__start_orc_unwind_ip", "_stext", "_etext", "_sinittext",
      "_einittext",
    ] + births
  /// Where a task begins that has never run: the address is on its stack as if a call had left it there (x86_64 up to 6.5
  /// and arm64; x86_64 since).
  private static let births = ["ret_from_fork", "ret_from_fork_asm"]
  public static let wantedTypes = WantedTypes(
    structures: [
      "orc_entry", "inactive_task_frame", "thread_union",
    ] + FrameRecords.structures)

  /// The deepest stack of 16 KiB has a return address in every other word; there are several stacks.
  private static let mostFrames = 512
  /// No function of the kernel may have a larger frame (CONFIG_FRAME_WARN) by far.
  private static let longestFrame = 8192

  public init(_ kernel: Kernel, modules: ModuleList?, in memory: inout KernelMemory) {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    records =
      kernel.machine.kind == .arm64 ? FrameRecords(kernel, try? kernel.types(Self.wantedTypes)) : nil
    var layout = OrcLayout(try? kernel.types(Self.wantedTypes), version: kernel.version)
    births = Self.births.compactMap { symbols.address(of: $0)?.rawValue }
    kallsyms = try? Kallsyms(kernel.facts, in: &memory)
    if let addresses = symbols.address(of: "__start_orc_unwind_ip"),
      let start = symbols.address(of: "__start_orc_unwind"),
      let stop = symbols.address(of: "__stop_orc_unwind"),
      start < stop
    {
      let place = UnwindTable(
        addresses: addresses, entries: start,
        count: Int(clamping: stop.rawValue - start.rawValue) / layout.byteCount)
      layout = layout.fitting(OrcTable(place: place, layout: layout).sample(&memory))
      table = OrcTable(place: place, layout: layout)
    } else {
      table = nil
    }
    self.layout = layout
    var texts: [Range<UInt64>] = []
    for (from, to) in [("_stext", "_etext"), ("_sinittext", "_einittext")] {
      if let from = symbols.address(of: from), let to = symbols.address(of: to), from < to {
        texts.append(from.rawValue..<to.rawValue)
      }
    }
    self.texts = texts
    self.modules = modules
    // KASLR may put the image where modules would begin without it.
    // What vmalloc gives may be code on arm64.
    let area =
      records == nil
      ? kernel.machine.modules : kernel.machine.code.lowerBound..<kernel.machine.code.upperBound
    moduleArea =
      records != nil
      ? area
      : min(max(area.lowerBound, texts.map(\.upperBound).max() ?? 0), area.upperBound)..<area.upperBound
  }

  /// Whether stacks of the kernel can be walked at all.
  public var hasTables: Bool { table != nil || records != nil }

  // MARK: - Walking

  /// Where a walk stands.
  private struct State {
    var ip: UInt64
    var sp: UInt64
    var bp: UInt64
    /// Registers that belong to the frame: those of a processor that was interrupted.
    var registers: Registers?
    var isExact: Bool
    var origin = StackFrame.Origin.registers

    init(
      ip: UInt64, sp: UInt64, bp: UInt64, registers: Registers? = nil, isExact: Bool,
      origin: StackFrame.Origin = .registers
    ) {
      self.ip = ip
      self.sp = sp
      self.bp = bp
      self.registers = registers
      self.isExact = isExact
      self.origin = origin
    }

    /// What was interrupted.
    init(_ registers: Registers) {
      self.init(
        ip: registers.ip, sp: registers.sp, bp: registers.framePointer, registers: registers, isExact: true)
    }
  }

  /// The stack of what a processor was doing.
  public func trace(_ registers: Registers, in memory: inout KernelMemory) -> StackTrace {
    if registers.isOfUser { return StackTrace(frames: [], end: .user(ip: registers.ip)) }
    return walk(State(registers), &memory)
  }

  /// The stack of a task that no processor runs.
  ///
  /// - Parameter stackPointer: `thread.sp`, where `struct inactive_task_frame` lies.
  func trace(
    sleeping stackPointer: VirtualAddress, frame: SleepingFrame, _ memory: inout KernelMemory
  ) -> StackTrace {
    do throws(VmcoreError) {
      let ip = try memory.word(stackPointer + frame.returnAddress)
      return walk(
        State(
          ip: ip, sp: (stackPointer + frame.byteCount).rawValue,
          bp: try memory.word(stackPointer + frame.framePointer), isExact: births.contains(ip)), &memory)
    } catch { return StackTrace(frames: [], end: .lost("its stack cannot be read: \(error)")) }
  }

  /// The same where its registers are not on the stack (arm64).
  func trace(
    sleeping stackPointer: VirtualAddress, pc: UInt64, framePointer: UInt64, _ memory: inout KernelMemory
  ) -> StackTrace {
    walk(State(ip: pc, sp: stackPointer.rawValue, bp: framePointer, isExact: births.contains(pc)), &memory)
  }

  private func walk(_ start: State, _ memory: inout KernelMemory) -> StackTrace {
    var state = start
    var frames: [StackFrame] = []
    var seen: Set<UInt64> = []
    while true {
      frames.append(
        StackFrame(address: state.ip, stackPointer: state.sp, isExact: state.isExact, origin: state.origin))
      guard seen.insert(state.sp &* 31 &+ state.ip).inserted else {
        return StackTrace(frames: frames, end: .lost("the stack leads back to itself"))
      }
      guard frames.count < Self.mostFrames else {
        return StackTrace(frames: frames, end: .lost("it has more than \(Self.mostFrames) frames"))
      }
      if let end = step(&state, in: &memory) { return StackTrace(frames: frames, end: end) }
    }
  }

  /// Goes to the caller's frame; returns why there is none.
  private func step(_ state: inout State, in memory: inout KernelMemory) -> StackTrace.End? {
    var next = state
    var end: StackTrace.End?
    do throws(VmcoreError) {
      end =
        if let records { try step(&next, by: records, in: &memory) } else {
          try stepByTables(&next, in: &memory)
        }
    } catch { end = .lost("\(error)") }
    if end == nil, !next.isExact, !isText(next.ip &- 1) {
      end = .lost(
        next.origin == .tables || next.origin == .frameRecord
          ? "the stack leads to 0x\(String(next.ip, radix: 16)), which is no code"
          : "0x\(String(state.ip, radix: 16)) is no code")
    }
    guard case .lost = end, records == nil else {
      state = next
      return end
    }
    guard let caller = stepByCall(state, in: &memory) else { return end }
    state = caller
    return nil
  }

  private func step(
    _ state: inout State, by records: FrameRecords, in memory: inout KernelMemory
  ) throws(VmcoreError) -> StackTrace.End? {
    switch try records.step(from: state.bp, in: &memory) {
    case .end(let end): return end
    case .interrupted(let registers):
      if registers.isOfUser { return .user(ip: registers.ip) }
      state = State(registers)
      state.origin = .frameRecord
    case .caller(let ip, let framePointer, let sp):
      state = State(ip: ip, sp: sp, bp: framePointer, isExact: false, origin: .frameRecord)
    }
    return nil
  }

  /// The next return address on the stack whose call is to the function that runs.
  ///
  /// The kernel's tables leave out what is not to be unwound by them: `__crash_kexec`, in which a processor that panics
  /// notes its own registers (STACK_FRAME_NON_STANDARD).
  private func stepByCall(_ state: State, in memory: inout KernelMemory) -> State? {
    let address = state.isExact ? state.ip : state.ip &- 1
    guard texts.contains(where: { $0.contains(address) }), let kallsyms,
      let function = try? kallsyms.start(holding: address, &memory)
    else { return nil }
    for offset in stride(from: 0, to: Self.longestFrame, by: 8) {
      let place = VirtualAddress(state.sp) + offset
      guard let ip = try? memory.word(place) else { return nil }
      // call rel32
      guard isText(ip &- 1), (try? memory.number(VirtualAddress(ip &- 5), byteCount: 1)) == 0xe8,
        let distance = try? memory.number(VirtualAddress(ip &- 4)),
        ip &+ UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: distance))) == function
      else { continue }
      return State(ip: ip, sp: (place + 8).rawValue, bp: state.bp, isExact: false, origin: .call)
    }
    return nil
  }

  private func stepByTables(
    _ state: inout State, in memory: inout KernelMemory
  ) throws(VmcoreError) -> StackTrace.End? {
    let entry: OrcEntry
    var origin = StackFrame.Origin.tables
    switch try lookup(state.isExact ? state.ip : state.ip &- 1, in: &memory) {
    case .entry(let found): entry = found
    case .noTable(let reason): return .lost(reason)
    case .noText where state.isExact:
      entry = .called
      origin = .stackEnd
    case .noText:
      entry = .framePointer
      origin = .framePointer
    }
    switch entry.kind {
    case .undefined: return .lost("the kernel's tables say nothing of the code")
    case .end: return .whole
    case .call, .registers, .partialRegisters: break
    }
    guard let base = base(of: entry, state) else {
      return .lost("a register that the code's frame is found by is not known")
    }
    let stackOffset = UInt64(bitPattern: Int64(entry.stackOffset))
    let sp =
      switch entry.stackBase {
      case .spIndirect: try memory.word(VirtualAddress(base)) &+ stackOffset
      case .bpIndirect: try memory.word(VirtualAddress(base &+ stackOffset))
      default: base &+ stackOffset
      }
    guard sp >> 63 == 1, sp & 7 == 0 else { return .lost("the stack leads to 0x\(String(sp, radix: 16))") }
    let place = VirtualAddress(sp)
    let framePointer = state.bp
    switch entry.kind {
    case .registers:
      let registers = try Registers(at: place, of: .x86_64, &memory)
      if registers.isOfUser { return .user(ip: registers.ip) }
      state = State(registers)
    case .partialRegisters:
      let ip = try memory.word(place)
      if try memory.word(place + 8) & 3 == 3 { return .user(ip: ip) }
      state.ip = ip
      state.sp = try memory.word(place + 24)
      state.isExact = true
    default:
      state.ip = try memory.word(place + -8)
      state.sp = sp
      state.registers = nil
      state.isExact = false
    }
    state.origin = origin
    let offset = UInt64(bitPattern: Int64(entry.framePointerOffset))
    switch entry.framePointerBase {
    case .previousStack: state.bp = try memory.word(VirtualAddress(sp &+ offset))
    case .bp: state.bp = try memory.word(VirtualAddress(framePointer &+ offset))
    default: break
    }
    return nil
  }

  private func base(of entry: OrcEntry, _ state: State) -> UInt64? {
    func register(_ name: X86Registers.Name) -> UInt64? {
      if case .x86_64(let registers) = state.registers { registers[name] } else { nil }
    }
    return switch entry.stackBase {
    case .sp, .spIndirect: state.sp
    case .bp, .bpIndirect: state.bp
    case .r10: register(.r10)
    case .r13: register(.r13)
    case .di: register(.di)
    case .dx: register(.dx)
    default: nil
    }
  }

  // MARK: - Looking up

  private enum Lookup {
    case entry(OrcEntry)
    /// The code is there, and tables for it are not.
    case noTable(String)
    case noText
  }

  private func isText(_ address: UInt64) -> Bool {
    texts.contains { $0.contains(address) } || modules?.module(holding: address) != nil
      || moduleArea.contains(address)
  }

  private func lookup(_ address: UInt64, in memory: inout KernelMemory) throws(VmcoreError) -> Lookup {
    if texts.contains(where: { $0.contains(address) }) {
      guard let table else { return .noTable("the kernel has no ORC tables that can be found") }
      return try table.entry(at: address, &memory).map { .entry($0) } ?? .noText
    }
    guard let module = modules?.module(holding: address) else { return .noText }
    guard let place = module.unwindTable, place.count > 0 else {
      return .noTable("the module \(module.name) has no ORC tables")
    }
    let table = OrcTable(place: place, layout: layout)
    return try table.entry(at: address, &memory).map { .entry($0) } ?? .noText
  }
}
