internal import DumpMemory
internal import Platform

/// The modules that were loaded when the kernel crashed, in the order of the kernel's list: the last that was loaded first.
public struct ModuleList: Sendable {
  public let modules: [KernelModule]
  /// Why some may be missing; nil where none is.
  public let problem: String?
  private let symbolLayout: ModuleLayout.SymbolLayout?
  /// Symbols that are looked at.
  private let budget: Int
  /// Where the modules lie, in the order of addresses.
  private let places: [(stretch: Range<UInt64>, module: Int)]

  /// What to ask ``Kernel`` for early.
  public static let symbols = ["modules"]
  public static let wantedTypes = WantedTypes(structures: ModuleLayout.structures)

  private static let mostModules = 1 << 16
  private static let states = ["LIVE", "COMING", "GOING", "UNFORMED"]
  /// The region of modules has 1.5 GiB.
  private static let mostBytes: UInt64 = 3 << 29
  private static let mostSymbols = 1 << 20
  /// Elf64_Sym
  private static let entrySize = 24

  /// - Throws: ``KernelError`` if the list cannot be found.
  public init(_ kernel: Kernel, in memory: inout KernelMemory) throws(KernelError) {
    let types = try kernel.types(Self.wantedTypes)
    guard let head = kernel.symbolsAtHand(Self.symbols).address(of: "modules") else {
      throw .absent("there is no symbol modules")
    }
    guard let layout = ModuleLayout(types.btf) else {
      throw .absent("there is no type module with list and name")
    }
    let list = ListNodes(
      of: head, atMost: min(kernel.mostObjects(of: layout.size), Self.mostModules), &memory)
    var modules: [KernelModule] = []
    var problem = list.problem.map { "the list of modules breaks off: \($0)" }
    for node in list.nodes {
      do throws(VmcoreError) {
        modules.append(try Self.module(node + -layout.list, layout: layout, in: &memory))
      } catch { problem = problem ?? "the module at \(node + -layout.list) cannot be read: \(error)" }
    }
    self.modules = modules
    self.problem = problem
    places = modules.enumerated().flatMap { index, module in module.stretches.map { ($0, index) } }
      .sorted { $0.0.lowerBound < $1.0.lowerBound }
    symbolLayout = layout.symbols
    budget = kernel.mostObjects(of: Self.entrySize)
  }

  private static func module(
    _ address: VirtualAddress, layout: ModuleLayout, in memory: inout KernelMemory
  ) throws(VmcoreError) -> KernelModule {
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
      try layout.state.map { (place) throws(VmcoreError) in try memory.number(address + place) } ?? 0
    let references = try layout.references.map { (place) throws(VmcoreError) in
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
    let taint = try layout.taints.map { (place) throws(VmcoreError) in try memory.word(address + place) } ?? 0
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
  func module(holding address: UInt64) -> KernelModule? {
    index(holding: address).map { modules[$0] }
  }

  private func index(holding address: UInt64) -> Int? {
    let next = places.partitionPoint(behind: { $0.stretch.lowerBound > address })
    guard next > 0, places[next - 1].stretch.contains(address) else { return nil }
    return places[next - 1].module
  }

  // MARK: - Symbols

  /// Which symbols of modules some addresses lie in: the nearest before each.
  ///
  /// - Returns: those that were found, by address.
  func symbols(holding addresses: Set<UInt64>, _ memory: inout KernelMemory) -> [UInt64: KernelSymbol] {
    guard let layout = symbolLayout else { return [:] }
    var found: [UInt64: KernelSymbol] = [:]
    var budget = budget
    var wanted: [Int: [UInt64]] = [:]
    for address in addresses {
      if let index = index(holding: address) { wanted[index, default: []].append(address) }
    }
    for index in wanted.keys.sorted() {
      // What of one module cannot be read leaves the others.
      let symbols = try? Self.resolve(
        of: modules[index], holding: wanted[index] ?? [], layout: layout, budget: &budget, in: &memory)
      found.merge(symbols ?? [:]) { $1 }
    }
    return found
  }

  /// A symbol of a module: where it begins and ends, as far as it says, and where its name is.
  private struct Entry {
    let start: UInt64
    let size: UInt64
    let name: Int
  }

  private static func resolve(
    of module: KernelModule, holding addresses: [UInt64], layout: ModuleLayout.SymbolLayout,
    budget: inout Int, in memory: inout KernelMemory
  ) throws(VmcoreError) -> [UInt64: KernelSymbol] {
    let holder = VirtualAddress(try memory.word(module.address + layout.holder))
    let table = VirtualAddress(try memory.word(holder + layout.table))
    let strings = VirtualAddress(try memory.word(holder + layout.strings))
    let count = min(Int(try memory.number(holder + layout.count)), mostSymbols, budget)
    budget -= count
    var entries: [Entry] = []
    for index in 0..<count {
      let place = table + index * entrySize
      // st_name, st_info, st_other, st_shndx; st_value; st_size
      guard let word = try? memory.word(place), word >> 48 != 0, let start = try? memory.word(place + 8),
        module.contains(start), let size = try? memory.word(place + 16)
      else { continue }
      entries.append(Entry(start: start, size: size, name: Int(UInt32(truncatingIfNeeded: word))))
    }
    entries.sort { $0.start < $1.start }
    var found: [UInt64: KernelSymbol] = [:]
    for address in addresses {
      let next = entries.partitionPoint(behind: { $0.start > address })
      guard next > 0 else { continue }
      let entry = entries[next - 1]
      guard let name = try? memory.printableText(strings + entry.name, atMost: WantedNames.longestName),
        !name.isEmpty
      else { continue }
      let offset = address - entry.start
      let stretch = module.stretches.first { $0.contains(address) }
      let end = min(next < entries.count ? entries[next].start : .max, stretch?.upperBound ?? .max)
      // Assembler code has no size.
      let size = entry.size > offset && entry.size < mostBytes ? entry.size : end - entry.start
      found[address] = KernelSymbol(name: name, offset: offset, size: size, module: module.name)
    }
    return found
  }
}
