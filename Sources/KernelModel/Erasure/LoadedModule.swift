internal import DumpMemory
internal import Platform

/// A module of the crashed kernel: its symbols and its types, as the kernel keeps them in memory.
///
/// include/linux/module.h; `struct mod_kallsyms` since Linux 4.5. The types are BTF that goes on where the kernel's
/// own ends (CONFIG_DEBUG_INFO_BTF_MODULES, Linux 5.11); `struct module` forgets them when the module is loaded, and
/// the list `btf_modules` (kernel/bpf/btf.c) has them.
struct LoadedModule {
  /// Of the `struct module`.
  let address: VirtualAddress
  private let machine: Machine

  /// Types that are asked for.
  static let structures = ["module", "mod_kallsyms", "btf_module", "btf"]
  /// What to ask ``KernelSymbols`` for.
  static let symbols = ["modules", "btf_modules"] + KernelTypes.symbols

  private static let mostModules = 1 << 16
  private static let mostSymbols = 1 << 20
  /// MODULE_NAME_LEN.
  private static let longestName = 64
  /// Elf64_Sym
  private static let entrySize = 24

  /// Looks for a module in the list of those that are loaded; nil if it is not there.
  init?(
    named name: String, in modules: VirtualAddress, of machine: Machine, types: borrowing BTF,
    memory: inout KernelMemory
  ) throws(KernelError) {
    guard let link = types.offset("module", "list"), let nameOffset = types.offset("module", "name") else {
      throw .absent("there is no type module with list and name")
    }
    var found: VirtualAddress?
    try Self.walk(modules, what: "the list of modules", in: &memory) { (entry, memory) throws(VmcoreError) in
      let module = entry + -link
      guard try Self.string(module + nameOffset, atMost: Self.longestName, in: &memory) == Array(name.utf8)
      else {
        return false
      }
      found = module
      return true
    }
    guard let found else { return nil }
    address = found
    self.machine = machine
  }

  /// Goes through a `struct list_head` until the body has found what it looks for.
  private static func walk(
    _ head: VirtualAddress, what: String, in memory: inout KernelMemory,
    _ body: (VirtualAddress, inout KernelMemory) throws(VmcoreError) -> Bool
  ) throws(KernelError) {
    let isWhole = try KernelError.reading(what) { () throws(VmcoreError) in
      var at = VirtualAddress(try memory.word(head))
      for _ in 0..<mostModules {
        if at == head { return true }
        if try body(at, &memory) { return true }
        at = VirtualAddress(try memory.word(at))
      }
      return false
    }
    guard isWhole else { throw .malformed("\(what) does not end") }
  }

  private static func string(
    _ address: VirtualAddress, atMost limit: Int, in memory: inout KernelMemory
  ) throws(VmcoreError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < limit {
      let byte = try memory.byte(address + bytes.count)
      if byte == 0 { break }
      bytes.append(byte)
    }
    return bytes
  }

  // MARK: - Symbols

  /// Where the module's variables lie.
  ///
  /// - Returns: those of the names that it has; not those that each processor has its own of.
  func addresses(
    of names: [String], types: borrowing BTF, in memory: inout KernelMemory
  ) throws(KernelError) -> [String: VirtualAddress] {
    // Before 4.5 struct module has the members itself.
    var holder = address
    var structure = "module"
    if let kallsyms = types.offset("module", "kallsyms"), types.size("mod_kallsyms") != nil {
      holder = try Self.pointer(address + kallsyms, &memory)
      structure = "mod_kallsyms"
    }
    guard let table = types.offset(structure, "symtab"), let count = types.offset(structure, "num_symtab"),
      let strings = types.offset(structure, "strtab")
    else { throw .absent("struct \(structure) has no symtab, num_symtab and strtab") }
    let symbols = try Self.pointer(holder + table, &memory)
    let text = try Self.pointer(holder + strings, &memory)
    let number = try KernelError.reading("kallsyms of the module") { () throws(VmcoreError) in
      Int(try memory.word32(holder + count))
    }
    guard number <= Self.mostSymbols else { throw .malformed("the module has \(number) symbols") }

    var wanted = WantedNames(names)
    // A longer name is none of them.
    let longest = min(names.map(\.utf8.count).max() ?? 0, WantedNames.longestName) + 1
    for index in 0..<number where wanted.missing > 0 {
      let entry = symbols + index * Self.entrySize
      try KernelError.reading("kallsyms of the module") { () throws(VmcoreError) in
        // st_name, st_info, st_other, st_shndx; st_value
        let word = try memory.word(entry)
        guard word >> 48 != 0 else { return }
        let name = try Self.string(
          text + Int(UInt32(truncatingIfNeeded: word)), atMost: longest, in: &memory)
        if let found = wanted.index(ofLength: name.count, where: { $0 == name }) {
          wanted.note(found, try memory.word(entry + 8))
        }
      }
    }
    return try withoutPerCPU(wanted.found.mapValues { VirtualAddress($0) }, types: types, in: &memory)
  }

  private func withoutPerCPU(
    _ addresses: [String: VirtualAddress], types: borrowing BTF, in memory: inout KernelMemory
  ) throws(KernelError) -> [String: VirtualAddress] {
    var own = addresses.filter { machine.isInImage($0.value.rawValue) }
    guard let place = types.offset("module", "percpu"), let size = types.offset("module", "percpu_size")
    else {
      return own
    }
    let start = try Self.pointer(address + place, &memory)
    let count = try KernelError.reading("struct module") { () throws(VmcoreError) in
      try memory.word32(address + size)
    }
    own = own.filter { $0.value.rawValue &- start.rawValue >= UInt64(count) }
    return own
  }

  private static func pointer(
    _ address: VirtualAddress, _ memory: inout KernelMemory
  ) throws(KernelError) -> VirtualAddress {
    try KernelError.reading("struct module") { () throws(VmcoreError) in
      VirtualAddress(try memory.word(address))
    }
  }

  // MARK: - Types

  /// The kernel's types and behind them the module's.
  ///
  /// - Parameter list: `btf_modules`
  /// - Returns: the kernel's alone if the module brought none.
  func types(
    _ list: VirtualAddress?, after base: consuming BTF, in memory: inout KernelMemory
  ) throws(KernelError) -> BTF {
    guard let list, let link = base.offset("btf_module", "list"),
      let owner = base.offset("btf_module", "module"), let pointer = base.offset("btf_module", "btf"),
      let data = base.offset("btf", "data"), let size = base.offset("btf", "data_size")
    else { return base }
    let module = address
    var found: (data: VirtualAddress, size: Int)?
    try Self.walk(list, what: "the list of modules' types", in: &memory) {
      (entry, memory) throws(VmcoreError) in
      let start = entry + -link
      guard VirtualAddress(try memory.word(start + owner)) == module else { return false }
      let btf = VirtualAddress(try memory.word(start + pointer))
      found = (VirtualAddress(try memory.word(btf + data)), Int(try memory.word32(btf + size)))
      return true
    }
    guard let found else { return base }
    guard found.size <= BTF.mostBytes else { throw .malformed("the module's types have \(found.size) bytes") }
    var buffer = try KernelError.wrapping { () throws(SystemError) in
      try MappedBuffer(byteCount: found.size)
    }
    try KernelError.reading("BTF of the module") { () throws(VmcoreError) in
      var bytes = buffer.mutableBytes
      try memory.readSequentially(found.data, into: &bytes)
    }
    return try BTF(base, adding: buffer.bytes)
  }
}
