internal import DumpMemory

/// What the names in a section of an ``ErasureScript`` stand for: variables, and the kernel's types.
struct ErasureScope {
  let types: KernelTypes
  private let machine: Machine
  let variables: [String: KernelObject]
  /// What leads to modules: see ``LoadedModule/symbols``.
  private let landmarks: [String: VirtualAddress]

  /// Takes the kernel's own variables and types from wherever they are to be had.
  ///
  /// - Throws: what a symbol lacks: its address, or a type, which is a `type` statement's, a variable's of BTF, or of
  ///   DWARF, in this order.
  init(_ script: ErasureScript, of kernel: Kernel) throws(KernelError) {
    let names = script.symbols(of: ErasureScript.kernel)
    let declared = script.types(of: ErasureScript.kernel)
    let borders = ["__per_cpu_start", "__per_cpu_end"]
    let symbols = try kernel.symbols(
      names.map { $0.name } + borders + (script.modules.isEmpty ? [] : LoadedModule.symbols)
        + KernelTypes.symbols)
    let perCPU = borders.compactMap { symbols.address(of: $0) }
    var addresses: [String: VirtualAddress] = [:]
    for (name, line) in names {
      guard let address = symbols.address(of: name) else {
        throw .absent(
          "line \(line): there is no symbol \(name)"
            + (kernel.files.vmlinux == nil && kernel.files.systemMap == nil
              ? " in the vmcore; -x may name more" : ""))
      }
      // Up to 6.14 they have offsets, and from then on the address of what each processor begins with.
      guard kernel.machine.isInImage(address.rawValue),
        perCPU.count < 2 || !(min(perCPU[0], perCPU[1])..<max(perCPU[0], perCPU[1])).contains(address)
      else {
        throw .absent("line \(line): \(name) is a per-CPU variable, which cannot be erased by its name")
      }
      addresses[name] = address
    }
    var wanted = script.wantedTypes
    if !script.modules.isEmpty { wanted.structures.formUnion(LoadedModule.structures) }
    for (name, address) in addresses where declared[name] == nil {
      wanted.variables[name] = address.rawValue
    }
    types = try kernel.types(wanted)
    let advice =
      ", or name a vmlinux with debug information (-x)"
      + (VmlinuxFile.readsDebugInformation ? "" : ", which a build without SMALL=1 reads")
    variables = try Self.variables(
      names, declared: declared, addresses: addresses,
      described: types.btf.variables(named: Set(addresses.keys)), types: types.btf, advice: advice)
    var landmarks: [String: VirtualAddress] = [:]
    for name in LoadedModule.symbols { landmarks[name] = symbols.address(of: name) }
    self.landmarks = landmarks
    machine = kernel.machine
  }

  private init(
    _ types: KernelTypes, variables: [String: KernelObject], like other: ErasureScope
  ) {
    self.variables = variables
    landmarks = other.landmarks
    machine = other.machine
    self.types = types
  }

  /// Takes a module's variables and types from the vmcore.
  ///
  /// - Returns: nil if the module was not loaded.
  func scope(
    ofModule name: String, script: ErasureScript, in memory: inout KernelMemory
  ) throws(KernelError) -> ErasureScope? {
    guard let list = landmarks["modules"] else { throw .absent("[\(name)]: there is no symbol modules") }
    guard
      let module = try LoadedModule(
        named: name, in: list, of: machine, types: types.btf, memory: &memory)
    else { return nil }
    let names = script.symbols(of: name)
    let addresses = try module.addresses(of: names.map { $0.name }, types: types.btf, in: &memory)
    for (symbol, line) in names where addresses[symbol] == nil {
      throw .absent("line \(line): the module \(name) has no variable \(symbol), or one for each processor")
    }
    guard let start = landmarks["__start_BTF"], let stop = landmarks["__stop_BTF"] else {
      throw .absent("[\(name)]: types of modules build upon the kernel's .BTF, which the vmcore lacks")
    }
    let base = try BTF(from: start, to: stop, &memory)
    let kernelTypes = base.count
    let all = try module.types(landmarks["btf_modules"], after: base, in: &memory)
    let described = all.variables(named: Set(addresses.keys), beyond: kernelTypes)
    let variables = try Self.variables(
      names, declared: script.types(of: name), addresses: addresses, described: described, types: all,
      advice: "")
    return ErasureScope(KernelTypes(all, evidence: "the BTF of \(name)"), variables: variables, like: self)
  }

  private static func variables(
    _ names: [(name: String, line: Int)], declared: [String: DeclaredType],
    addresses: [String: VirtualAddress], described: [String: UInt32], types: borrowing BTF,
    advice: String
  ) throws(KernelError) -> [String: KernelObject] {
    var variables: [String: KernelObject] = [:]
    for (name, line) in names {
      guard let address = addresses[name]?.rawValue else { continue }
      if let type = declared[name] {
        guard let object = types.object(type, at: address) else {
          throw .absent("line \(line): there is no type \(type.text), of which \(name) is said to be")
        }
        variables[name] = object
      } else if let object = described[name].flatMap({ types.object(ofType: $0, at: address) }) {
        variables[name] = object
      } else {
        throw .absent(
          "line \(line): the type of \(name) is not known: say it, as in \"type \(name) struct NAME\""
            + advice)
      }
    }
    return variables
  }
}
