internal import Platform

/// What the names in a section of an ``ErasureScript`` stand for: variables, and the kernel's types.
struct ErasureScope: ~Copyable {
  let types: BTF
  let variables: [String: KernelObject]
  /// `modules`, the list of those that are loaded.
  let modules: VirtualAddress?

  /// Takes the kernel's own variables and types from wherever they are to be had.
  ///
  /// - Throws: what a symbol lacks: its address, or a type, which is a `type` statement's, a variable's of BTF, or of
  ///   DWARF, in this order.
  init(
    _ script: ErasureScript, _ kernel: CrashedKernel, _ files: SymbolFiles, _ memory: inout KernelMemory
  ) throws(SymbolError) {
    let names = script.symbols(of: ErasureScript.kernel)
    let declared = script.types(of: ErasureScript.kernel)
    let borders = ["__per_cpu_start", "__per_cpu_end"]
    let symbols = try KernelSymbols(
      names.map { $0.name } + borders + (script.modules.isEmpty ? [] : ["modules"]) + KernelTypes.symbols,
      of: kernel, files: files, &memory)
    let perCPU = borders.compactMap { symbols.address(of: $0) }
    var addresses: [String: VirtualAddress] = [:]
    for (name, line) in names {
      guard let address = symbols.address(of: name) else {
        throw .absent(
          "line \(line): there is no symbol \(name)"
            + (files.vmlinux == nil && files.systemMap == nil ? " in the vmcore; -x may name more" : ""))
      }
      // Up to 6.14 they have offsets, and from then on the address of what each processor begins with.
      guard address.rawValue >= MemorySegments.kernelMap,
        perCPU.count < 2 || !(min(perCPU[0], perCPU[1])..<max(perCPU[0], perCPU[1])).contains(address)
      else {
        throw .absent("line \(line): \(name) is a per-CPU variable, which cannot be erased by its name")
      }
      addresses[name] = address
    }
    var wanted = script.wantedTypes
    if !script.modules.isEmpty { wanted.structures.insert("module") }
    for (name, address) in addresses where declared[name] == nil {
      wanted.variables[name] = address.rawValue
    }
    let found = try KernelTypes(of: kernel, symbols, files: files, wanted: wanted, &memory)
    variables = try Self.variables(names, declared, addresses, found.btf)
    modules = symbols.address(of: "modules")
    types = found.btf
  }

  private static func variables(
    _ names: [(name: String, line: Int)], _ declared: [String: DeclaredType],
    _ addresses: [String: VirtualAddress], _ types: borrowing BTF
  ) throws(SymbolError) -> [String: KernelObject] {
    let described = types.variables(named: Set(addresses.keys))
    var variables: [String: KernelObject] = [:]
    for (name, line) in names {
      guard let address = addresses[name]?.rawValue else { continue }
      if let type = declared[name] {
        guard let object = types.object(type, at: address) else {
          throw .absent("line \(line): the kernel has no type \(type.text), which \(name) is said to be of")
        }
        variables[name] = object
      } else if let object = described[name].flatMap({ types.object(ofType: $0, at: address) }) {
        variables[name] = object
      } else {
        throw .absent(
          "line \(line): the type of \(name) is not known: say it, as in \"type \(name) struct NAME\", or name a"
            + " vmlinux with debug information (-x)"
            + (VmlinuxFile.readsDebugInformation ? "" : ", which a build without SMALL=1 reads"))
      }
    }
    return variables
  }
}
