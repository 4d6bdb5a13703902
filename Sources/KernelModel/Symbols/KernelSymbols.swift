public import DumpMemory

/// Addresses of some of the crashed kernel's symbols, from wherever they are to be had.
///
/// VMCOREINFO's own come first; then the files that the user named; then kallsyms in the vmcore.
public struct KernelSymbols: Sendable {
  private var addresses: [String: VirtualAddress] = [:]
  private var asked: Set<String> = []
  /// The vmcore's own table, or why there is none: it is searched for once.
  private var kallsyms: Result<Kallsyms, KernelError>?
  /// One line for each source that was asked: what it gave, or why it gave nothing.
  public private(set) var evidence: [String] = []

  public init() {}

  /// Looks names up.
  ///
  /// - Throws: ``KernelError`` if a file that the user named cannot be read or is of another kernel. A vmcore
  ///   without symbols is no error: they are absent, and ``evidence`` says why.
  public init(
    _ names: [String], of sources: KernelSources, in memory: inout KernelMemory
  ) throws(KernelError) {
    try add(names, of: sources, in: &memory)
  }

  /// The same, as if what was not found had never been asked for.
  var found: KernelSymbols {
    var found = self
    found.asked = Set(addresses.keys)
    if case .failure = kallsyms { found.kallsyms = nil }
    return found
  }

  /// Whether all of some names were looked up, wherever that led.
  func haveBeenAsked(for names: [String]) -> Bool { asked.isSuperset(of: names) }

  /// Looks names up that were not looked up before; see ``init(_:of:in:)``.
  mutating func add(
    _ names: [String], of sources: KernelSources, in memory: inout KernelMemory
  ) throws(KernelError) {
    let kernel = sources.facts
    // Who asks joins the lists of several who need the same.
    let names = Set(names).subtracting(asked).sorted()
    var found = 0
    for name in names {
      addresses[name] = kernel.info.symbol(name)
      if addresses[name] != nil { found += 1 }
    }
    if found > 0 { evidence.append("VMCOREINFO: \(found) of \(names.count) symbols") }
    if let path = sources.files.vmlinux { try add(names, vmlinux: path, of: kernel) }
    if let path = sources.files.systemMap { try add(names, systemMap: path, of: kernel) }
    asked.formUnion(names)
    let rest = missing(names)
    if rest.isEmpty { return }
    do throws(KernelError) {
      let kallsyms = try ownTable(kernel, in: &memory)
      let found = try kallsyms.addresses(of: rest, &memory)
      for (name, address) in found { addresses[name] = address }
      evidence.append(
        "kallsyms of the vmcore, \(kallsyms.count) symbols, found by \(kallsyms.evidence): \(found.count) of"
          + " \(rest.count) symbols")
    } catch {
      evidence.append("kallsyms of the vmcore: \(error)")
    }
  }

  private mutating func ownTable(
    _ kernel: KernelFacts, in memory: inout KernelMemory
  ) throws(KernelError) -> Kallsyms {
    if let kallsyms { return try kallsyms.get() }
    do throws(KernelError) {
      let table = try Kallsyms(kernel, in: &memory)
      kallsyms = .success(table)
      return table
    } catch {
      kallsyms = .failure(error)
      throw error
    }
  }

  /// Where a symbol lies, after KASLR; nil if it was not asked for or nobody has it.
  public func address(of name: String) -> VirtualAddress? { addresses[name] }

  private func missing(_ names: [String]) -> [String] {
    names.filter { addresses[$0] == nil }
  }

  private mutating func add(
    _ names: [String], vmlinux path: String, of kernel: KernelFacts
  ) throws(KernelError) {
    let rest = missing(names)
    do throws(KernelError) {
      let file = try VmlinuxFile(opening: path)
      let proof = try file.identify(kernel)
      let values = try file.values(of: rest + Self.witnesses)
      // Some distributions ship vmlinux with types and no symbols.
      guard values["_stext"] != nil else {
        evidence.append("\(path): no symbols")
        return
      }
      let found = try relocated(values, names: rest, of: kernel)
      evidence.append(
        "\(path) (\(proof ?? "its _stext fits")): \(found) of \(rest.count) symbols")
    } catch { throw error.following(path) }
  }

  private mutating func add(
    _ names: [String], systemMap path: String, of kernel: KernelFacts
  ) throws(KernelError) {
    let rest = missing(names)
    do throws(KernelError) {
      let values = try SystemMap(opening: path).values(of: rest + Self.witnesses)
      guard values["_stext"] != nil else { throw .malformed("it has no _stext") }
      let found = try relocated(values, names: rest, of: kernel)
      evidence.append("\(path): \(found) of \(rest.count) symbols")
    } catch { throw error.following(path) }
  }

  /// Symbols that VMCOREINFO always has; a file of another kernel cannot have all of them in the same places.
  private static let witnesses = [
    "_stext", "init_uts_ns", "init_top_pgt", "node_online_map", "swapper_pg_dir",
  ]

  /// Adds what a file has, moved by as much as KASLR moved `_stext`.
  private mutating func relocated(
    _ values: [String: UInt64], names: [String], of kernel: KernelFacts
  ) throws(KernelError) -> Int {
    guard let linked = values["_stext"], let actual = kernel.info.symbol("_stext") else {
      throw .absent("without SYMBOL(_stext) in VMCOREINFO its symbols cannot be placed")
    }
    let slide = actual.rawValue &- linked
    if let declared = kernel.info.string("KERNELOFFSET").flatMap({ UInt64($0, radix: 16) }),
      declared != slide
    {
      throw .malformed("it has _stext at \(VirtualAddress(linked)): it is of another kernel")
    }
    for name in Self.witnesses {
      if let value = values[name], let known = kernel.info.symbol(name),
        Self.move(value, slide: slide, machine: kernel.machine) != known.rawValue
      {
        throw .malformed("it has \(name) elsewhere than VMCOREINFO: it is of another kernel")
      }
    }
    var found = 0
    for name in names {
      guard let value = values[name] else { continue }
      addresses[name] = VirtualAddress(Self.move(value, slide: slide, machine: kernel.machine))
      found += 1
    }
    return found
  }

  /// Per-CPU variables before 6.15 have offsets, which do not move.
  private static func move(_ value: UInt64, slide: UInt64, machine: Machine) -> UInt64 {
    machine.isInImage(value) ? value &+ slide : value
  }
}
