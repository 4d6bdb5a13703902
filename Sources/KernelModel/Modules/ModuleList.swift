internal import DumpMemory

/// The modules that were loaded when the kernel crashed, in the order of the kernel's list: the last that was loaded first.
public struct ModuleList: Sendable {
  public let modules: [KernelModule]
  /// Why some may be missing; nil where none is.
  public let problem: String?
  private let symbolLayout: ModuleLayout.SymbolLayout?
  private let budget: Int

  /// What to ask ``Kernel`` for early.
  public static let symbols = ["modules"]
  public static let wantedTypes = WantedTypes(structures: ModuleLayout.structures)

  private static let states = ["LIVE", "COMING", "GOING", "UNFORMED"]
  /// The region of modules has 1.5 GiB.
  private static let mostBytes: UInt64 = 3 << 29
  private static let mostSymbols = 1 << 20
  /// Elf64_Sym
  private static let entrySize = 24

  /// - Throws: ``KernelError`` if the list cannot be found.
  public init(_ kernel: Kernel, _ memory: inout KernelMemory) throws(KernelError) {
    let types = try kernel.types(Self.wantedTypes)
    guard let head = kernel.symbolsAtHand(Self.symbols).address(of: "modules") else {
      throw .absent("there is no symbol modules")
    }
    guard let layout = ModuleLayout(types.btf) else {
      throw .absent("there is no type module with list and name")
    }
    let list = ListNodes(of: head, atMost: kernel.mostObjects(of: layout.size), &memory)
    var modules: [KernelModule] = []
    var problem = list.problem.map { "the list of modules breaks off: \($0)" }
    for node in list.nodes {
      do throws(MemoryError) {
        modules.append(try Self.module(node + -layout.list, layout, &memory))
      } catch { problem = problem ?? "the module at \(node + -layout.list) cannot be read: \(error)" }
    }
    self.modules = modules
    self.problem = problem
    symbolLayout = layout.symbols
    budget = kernel.mostObjects(of: Self.entrySize)
  }

  private static func module(
    _ address: VirtualAddress, _ layout: ModuleLayout, _ memory: inout KernelMemory
  ) throws(MemoryError) -> KernelModule {
    let name = try memory.printableText(address + layout.name, atMost: layout.nameSize)
    var text: UInt64 = 0
    var byteCount: UInt64 = 0
    var stretches: [Range<UInt64>] = []
    for (index, place) in layout.stretches.enumerated() {
      let base = try memory.word(address + place.base)
      let size = try memory.number(address + place.size)
      if index == 0 { text = base }
      guard base >> 63 == 1, size > 0, size <= mostBytes else { continue }
      let (end, overflow) = base.addingReportingOverflow(size)
      if overflow { continue }
      byteCount += size
      stretches.append(base..<end)
    }
    let state =
      try layout.state.map { (place) throws(MemoryError) in try memory.number(address + place) } ?? 0
    let references = try layout.references.map { (place) throws(MemoryError) in
      Int(Int32(truncatingIfNeeded: try memory.number(address + place)))
    }
    var version: String?
    if let place = layout.version, let pointer = try? memory.word(address + place), pointer >> 63 == 1 {
      version = try? memory.printableText(VirtualAddress(pointer), atMost: 64)
    }
    var table: UnwindTable?
    if let unwind = layout.unwind {
      table = UnwindTable(
        addresses: VirtualAddress(try memory.word(address + unwind.addresses)),
        entries: VirtualAddress(try memory.word(address + unwind.entries)),
        count: Int(try memory.number(address + unwind.count)))
    }
    let taint = try layout.taints.map { (place) throws(MemoryError) in try memory.word(address + place) } ?? 0
    return KernelModule(
      address: address, name: name, taint: Taint(mask: taint), text: VirtualAddress(text),
      byteCount: byteCount,
      stretches: stretches,
      // MODULE_REF_BASE, which a module has while it is there.
      uses: references.flatMap { $0 > 0 ? $0 - 1 : nil },
      state: state < UInt64(states.count) ? states[Int(state)] : "state \(state)",
      version: version.flatMap { $0.isEmpty ? nil : $0 }, unwindTable: table)
  }

  /// The module that has an address.
  func module(holding address: UInt64) -> KernelModule? { modules.first { $0.contains(address) } }

  // MARK: - Symbols

  /// Which symbols of modules some addresses lie in: the nearest before each.
  ///
  /// - Returns: those that were found, by address.
  func symbols(holding addresses: Set<UInt64>, _ memory: inout KernelMemory) -> [UInt64: KernelSymbol] {
    guard let layout = symbolLayout else { return [:] }
    var found: [UInt64: KernelSymbol] = [:]
    var budget = budget
    for module in modules {
      let own = addresses.filter { module.contains($0) }.sorted()
      if own.isEmpty { continue }
      // A symbol that cannot be read leaves the others.
      if let symbols = try? Self.symbols(of: module, holding: own, layout, &budget, &memory) {
        found.merge(symbols) { $1 }
      }
    }
    return found
  }

  private static func symbols(
    of module: KernelModule, holding addresses: [UInt64], _ layout: ModuleLayout.SymbolLayout,
    _ budget: inout Int, _ memory: inout KernelMemory
  ) throws(MemoryError) -> [UInt64: KernelSymbol] {
    let holder = VirtualAddress(try memory.word(module.address + layout.holder))
    let table = VirtualAddress(try memory.word(holder + layout.table))
    let strings = VirtualAddress(try memory.word(holder + layout.strings))
    let count = min(Int(try memory.number(holder + layout.count)), mostSymbols, budget)
    budget -= count
    var best: [UInt64: (start: UInt64, name: Int, entry: VirtualAddress)] = [:]
    var nextStarts: [UInt64: UInt64] = [:]
    for index in 0..<count {
      let entry = table + index * entrySize
      // st_name, st_info, st_other, st_shndx; st_value
      guard let word = try? memory.word(entry), word >> 48 != 0, let value = try? memory.word(entry + 8),
        module.contains(value)
      else { continue }
      for address in addresses {
        if value <= address {
          if best[address].map({ value > $0.start }) ?? true {
            best[address] = (value, Int(UInt32(truncatingIfNeeded: word)), entry)
          }
        } else if nextStarts[address].map({ value < $0 }) ?? true {
          nextStarts[address] = value
        }
      }
    }
    var found: [UInt64: KernelSymbol] = [:]
    for (address, symbol) in best {
      guard let name = try? memory.printableText(strings + symbol.name, atMost: WantedNames.longestName),
        !name.isEmpty
      else { continue }
      // st_size; assembler code has none.
      let size = (try? memory.word(symbol.entry + 16)) ?? 0
      let end = module.stretches.first { $0.contains(address) }?.upperBound
      let next =
        size > address - symbol.start && size < mostBytes
        ? symbol.start + size
        : [nextStarts[address], end].compactMap { $0 }.min()
      found[address] = KernelSymbol(
        name: name, offset: address - symbol.start, size: next.map { $0 - symbol.start }, module: module.name)
    }
    return found
  }
}
