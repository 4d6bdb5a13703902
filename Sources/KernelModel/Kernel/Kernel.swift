public import DumpMemory

/// The kernel that crashed, and what is known of it: found once, kept, and asked by everybody.
///
/// It belongs to one thread.
public final class Kernel {
  /// What VMCOREINFO tells.
  public let facts: KernelFacts
  /// The memory that it left behind.
  public let physical: PhysicalMemory
  /// What the user named besides.
  public let files: KernelFiles

  private var knownSymbols = KernelSymbols()
  private var knownTypes: Result<KernelTypes, KernelError>?
  /// What the last vmlinux was asked for.
  private var wantedTypes = WantedTypes()
  private var knownMap: Result<MemoryMap, KernelError>?
  private var knownImage: PFNRanges?
  private var knownDirectMap: UInt64??

  public init(_ facts: KernelFacts, of physical: PhysicalMemory, files: KernelFiles = KernelFiles()) {
    self.facts = facts
    self.physical = physical
    self.files = files
  }

  /// Finds what translation needs.
  public convenience init(
    _ info: VMCOREINFO, of physical: PhysicalMemory, files: KernelFiles = KernelFiles()
  ) throws(KernelError) {
    let facts = try KernelFacts(info, of: physical)
    guard facts.machine.geometry == physical.geometry else {
      throw .malformed(
        "its kernel has pages of \(facts.machine.geometry.size) bytes, and the dump of \(physical.geometry.size)"
      )
    }
    self.init(facts, of: physical, files: files)
  }

  /// The same kernel in other memory: of the same machine, with a layer more.
  ///
  /// Symbols and types that were found are those of this one. What was not found may be there now, and what page tables
  /// and the mem_map say is looked up again.
  public func reading(_ physical: PhysicalMemory) -> Kernel {
    if physical === self.physical { return self }
    let other = Kernel(facts, of: physical, files: files)
    other.knownSymbols = knownSymbols.found
    if case .success = knownTypes {
      other.knownTypes = knownTypes
      other.wantedTypes = wantedTypes
    }
    return other
  }

  public var info: VMCOREINFO { facts.info }
  public var release: String { facts.release }
  public var version: KernelVersion { facts.version }
  public var machine: Machine { facts.machine }
  public var tables: PageTables { facts.tables }
  public var geometry: PageGeometry { physical.geometry }

  /// A reader of its memory by virtual address.
  public func memory() throws(VmcoreError) -> KernelMemory { try facts.memory(of: physical) }

  // MARK: - Symbols and types

  /// Looks names up that were not looked up before; each look walks all of kallsyms, so who asks early asks for many.
  ///
  /// - Returns: all that are known by now.
  /// - Throws: ``KernelError`` if a file that the user named cannot be used.
  @discardableResult
  public func symbols(_ names: [String]) throws(KernelError) -> KernelSymbols {
    if knownSymbols.haveBeenAsked(for: names) { return knownSymbols }
    var memory = try reader()
    var more = knownSymbols
    try more.add(names, of: sources, in: &memory)
    knownSymbols = more
    return more
  }

  /// The same for whom no symbols are no error; files that cannot be used are passed over, as whoever opened them said.
  public func symbolsAtHand(_ names: [String]) -> KernelSymbols {
    if let symbols = try? symbols(names) { return symbols }
    if var memory = try? reader() {
      try? knownSymbols.add(names, of: KernelSources(facts), in: &memory)
    }
    return knownSymbols
  }

  /// The kernel's types.
  ///
  /// - Parameter wanted: what is taken of a vmlinux that has DWARF and no `.BTF`.
  /// - Throws: ``KernelError`` if nobody has types, or if they contradict VMCOREINFO.
  public func types(_ wanted: WantedTypes) throws(KernelError) -> KernelTypes {
    if let knownTypes, wantedTypes.contain(wanted) { return try knownTypes.get() }
    wantedTypes.formUnion(wanted)
    let symbols = try symbols(KernelTypes.symbols)
    var memory = try reader()
    do throws(KernelError) {
      let types = try KernelTypes.find(
        of: sources, symbols: symbols, wanted: wantedTypes, in: &memory)
      knownTypes = .success(types)
      return types
    } catch {
      knownTypes = .failure(error)
      throw error
    }
  }

  /// Bytes of memory that its types take: none before somebody asks for them.
  public var bytesOfTypes: Int { (try? knownTypes?.get())?.btf.byteCount ?? 0 }

  private var sources: KernelSources { KernelSources(facts, files: files) }

  /// The same for whom it is an error of the kernel's.
  public func reader() throws(KernelError) -> KernelMemory {
    try KernelError.reading("the kernel's memory") { () throws(VmcoreError) in try memory() }
  }

  // MARK: - Where memory is

  /// The mem_map of all memory.
  public func memoryMap() throws(KernelError) -> MemoryMap {
    if let knownMap { return try knownMap.get() }
    let found: Result<MemoryMap, KernelError>
    do throws(KernelError) {
      var memory = try reader()
      found = .success(try MemoryMap(facts, frames: physical.frames, in: &memory))
    } catch { found = .failure(error) }
    knownMap = found
    return try found.get()
  }

  /// Frames of the kernel's own text and data; none where they cannot be told.
  public var image: PFNRanges {
    if let knownImage { return knownImage }
    let found = findImage()
    knownImage = found
    return found
  }

  /// Where the kernel maps physical address 0 (`PAGE_OFFSET`); nil where nobody says.
  public var directMap: UInt64? {
    if let knownDirectMap { return knownDirectMap }
    let found = findDirectMap()
    knownDirectMap = .some(found)
    return found
  }
}
