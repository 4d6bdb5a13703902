internal import DumpMemory

/// Names addresses of code: by the kernel's own kallsyms, and by those of its modules.
public struct Symbolizer: Sendable {
  private let symbols: [UInt64: KernelSymbol]
  /// Why the kernel's own names are missing; nil where they are not.
  public let problem: String?

  /// Names all frames at once, for that walks the table once.
  public init(
    _ traces: [StackTrace], of kernel: Kernel, modules: ModuleList?, in memory: inout KernelMemory
  ) {
    let wanted = Set(traces.flatMap { $0.frames.map(\.lookedUp) })
    let ofModules = wanted.filter { modules?.module(holding: $0) != nil }
    var found = modules?.symbols(holding: ofModules, &memory) ?? [:]
    var problem: String?
    let own = wanted.subtracting(ofModules).filter { kernel.machine.isInImage($0) }
    do throws(KernelError) {
      let kallsyms = try Kallsyms(kernel.facts, in: &memory)
      // What lies behind the last symbol is not its.
      let named = try kallsyms.symbols(holding: own, &memory)
      found.merge(named.found.filter { $0.value.size != nil }) { $1 }
      problem = named.problem.map { "\($0)" }
    } catch { problem = "\(error)" }
    symbols = found
    self.problem = problem
  }

  /// The symbol of a frame's address; nil where nobody knows.
  public func symbol(of frame: StackFrame) -> KernelSymbol? {
    guard let symbol = symbols[frame.lookedUp] else { return nil }
    let offset = symbol.offset + (frame.isExact ? 0 : 1)
    return KernelSymbol(name: symbol.name, offset: offset, size: symbol.size, module: symbol.module)
  }
}
