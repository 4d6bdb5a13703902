/// A kernel with variables, types of which only some are variables', and a module with both of its own.
public struct ErasureFixture {
  public let tables = KernelWithTables()
  /// The section .BTF of the kernel.
  public let types: [UInt8]
  public private(set) var places: [String: UInt64] = [:]

  /// - Parameters:
  ///   - symbolCount: what the module claims to have.
  ///   - endless: whether the list of modules leads past its head.
  public init(symbolCount: UInt32 = 4, endless: Bool = false) {
    var kernel = BTFBuilder()
    let secret = Self.addTypes(to: &kernel)
    var module = BTFBuilder(following: kernel)
    let long = module.integer("long long", 8)
    let own = module.structure(
      "own", 48, [.init(name: "pad", type: long, offset: 0), .init(name: "inner", type: secret, offset: 64)])
    module.variable("listed", own)
    module.variable("described", long)

    let text = tables.place(Array("password\0".utf8))
    for name in ["described", "plain"] { places[name] = tables.place(Self.secret(text)) }
    places["pointer"] = tables.place(Self.words([places["plain"]!]))
    places["text"] = text
    for name in ["value", "listed"] {
      places[name] = tables.place([UInt8](repeating: 0, count: 8) + Self.secret(text))
    }
    for name in ["described", "plain", "pointer"] { tables.setSymbol(name, places[name]!) }
    // What each processor has its own of, as from 6.15 on.
    let perCPU = tables.place([UInt8](repeating: 0, count: 64))
    for (name, offset) in [("__per_cpu_start", UInt64(0)), ("each", 8), ("__per_cpu_end", 64)] {
      tables.setSymbol(name, perCPU + offset)
    }

    types = kernel.build()
    let start = tables.place(types)
    tables.setSymbol("__start_BTF", start)
    tables.setSymbol("__stop_BTF", start + UInt64(types.count))
    addModule(module.build(), symbolCount, endless)
  }

  private static func addTypes(to builder: inout BTFBuilder) -> UInt32 {
    let int = builder.integer("int", 4)
    let long = builder.integer("long int", 8)
    let char = builder.integer("char", 1)
    let name = builder.array(char, 56)
    let key = builder.array(char, 16)
    let pointer = builder.pointer()
    func structure(_ name: String, _ size: UInt32, _ members: [(String, UInt32, Int)]) -> UInt32 {
      builder.structure(name, size, members.map { .init(name: $0.0, type: $0.1, offset: $0.2 * 8) })
    }
    let list = structure("list_head", 16, [("next", pointer, 0), ("prev", pointer, 8)])
    _ = structure(
      "module", 96,
      [
        ("list", list, 0), ("name", name, 16), ("kallsyms", pointer, 72), ("percpu", pointer, 80),
        ("percpu_size", int, 88),
      ])
    _ = structure(
      "mod_kallsyms", 24, [("symtab", pointer, 0), ("num_symtab", int, 8), ("strtab", pointer, 16)])
    _ = structure("btf_module", 32, [("list", list, 0), ("module", pointer, 16), ("btf", pointer, 24)])
    _ = structure("btf", 16, [("data", pointer, 0), ("data_size", int, 8)])
    let text = builder.pointer(char)
    let secret = structure("secret", 32, [("key", key, 0), ("text", text, 16), ("count", long, 24)])
    builder.variable("described", secret)
    builder.variable("each", int)
    return secret
  }

  private static func words(_ words: [UInt64]) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in words { bytes.appendLittleEndian(word) }
    return bytes
  }

  private static func secret(_ text: UInt64) -> [UInt8] { words([1, 2, text, 5]) }

  private mutating func addModule(_ types: [UInt8], _ symbolCount: UInt32, _ endless: Bool) {
    let strings = tables.place(Array("\0value\0listed\0each\0".utf8))
    let perCPU: UInt64 = 0xffff_ffff_f000_0000
    var table = [UInt8](repeating: 0, count: 24)
    for (name, value) in [(UInt32(1), places["value"]!), (7, places["listed"]!), (14, perCPU + 16)] {
      table.appendLittleEndian(name)
      table += [1, 0, 1, 0]
      table += Self.words([value, 8])
    }
    let kallsyms = tables.place(
      Self.words([tables.place(table), UInt64(symbolCount), strings]))
    let modules = tables.place(Self.words([0, 0]))
    let name = Array("mymodule".utf8) + [UInt8](repeating: 0, count: 48)
    let module = tables.place(
      Self.words([modules, modules]) + name + Self.words([kallsyms, perCPU, 32]))
    store(endless ? module + 16 : module, at: modules)
    if endless { store(module + 16, at: module + 16) }
    let lists = tables.place(Self.words([0, 0]))
    let btf = tables.place(Self.words([tables.place(types), UInt64(types.count)]))
    store(tables.place(Self.words([lists, lists, module, btf])), at: lists)
    tables.setSymbol("modules", modules)
    tables.setSymbol("btf_modules", lists)
  }

  private func store(_ word: UInt64, at address: UInt64) {
    tables.kernel.memory.store(word, at: physical(address))
  }

  public func physical(_ address: UInt64) -> UInt64 {
    tables.kernel.image.lowerBound << 12 + address - tables.kernel.text
  }
}
