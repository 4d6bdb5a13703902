/// Where `struct module` keeps what is read of it: include/linux/module.h.
struct ModuleLayout {
  let list: Int
  let name: Int
  let nameSize: Int
  let state: Int?
  let taints: Int?
  let references: Int?
  let version: Int?
  /// Base and size of each stretch of its memory; the first is the one with the code.
  let stretches: [(base: Int, size: Int)]
  /// `arch.num_orcs`, `arch.orc_unwind_ip` and `arch.orc_unwind`; nil without CONFIG_UNWINDER_ORC.
  let unwind: (count: Int, addresses: Int, entries: Int)?
  let size: Int
  let symbols: SymbolLayout?

  /// Of `struct mod_kallsyms`.
  struct SymbolLayout {
    /// In struct module.
    let holder: Int
    let table: Int
    let count: Int
    let strings: Int
  }

  static let structures = ["module", "module_memory", "module_layout", "mod_kallsyms", "mod_arch_specific"]

  init?(_ types: borrowing BTF) {
    guard let list = types.offset("module", "list"), let member = types.member("module", path: "name"),
      let name = member.offset, let size = types.size("module")
    else { return nil }
    self.list = list
    self.name = name
    self.size = size
    nameSize = min(member.size ?? 56, 64)
    state = types.offset("module", "state")
    taints = types.offset("module", "taints")
    references = types.offset("module", "refcnt")
    version = types.offset("module", "version")
    var stretches: [(base: Int, size: Int)] = []
    if let memory = types.member("module", path: "mem"), let start = memory.offset, let count = memory.length,
      let each = types.size("module_memory"), let base = types.offset("module_memory", "base"),
      let size = types.offset("module_memory", "size"), count <= 32
    {
      // Linux 6.4: by kind, MOD_TEXT first.
      for index in 0..<count { stretches.append((start + index * each + base, start + index * each + size)) }
    } else {
      for layout in ["core_layout", "init_layout"] {
        if let base = types.offset("module", "\(layout).base"),
          let size = types.offset("module", "\(layout).size")
        {
          stretches.append((base, size))
        }
      }
    }
    self.stretches = stretches
    if let count = types.offset("module", "arch.num_orcs"),
      let addresses = types.offset("module", "arch.orc_unwind_ip"),
      let entries = types.offset("module", "arch.orc_unwind")
    {
      unwind = (count, addresses, entries)
    } else {
      unwind = nil
    }
    if let holder = types.offset("module", "kallsyms"), let table = types.offset("mod_kallsyms", "symtab"),
      let count = types.offset("mod_kallsyms", "num_symtab"),
      let strings = types.offset("mod_kallsyms", "strtab")
    {
      symbols = SymbolLayout(holder: holder, table: table, count: count, strings: strings)
    } else {
      symbols = nil
    }
  }
}
