import DumpFixtures

/// A kernel with tasks, processors that left their registers, a module, ORC tables and counters: all that `inspect` tells of a crash.
struct CrashFixture {
  let tables = KernelWithTables { $0.cpus = 2 }
  private let text: UInt64

  /// Where the code of the entries begins, how its frames are left (`struct orc_entry`, 6.4), and how far on the caller's stack is.
  private static let code: [(at: UInt64, registers: UInt16, kind: UInt16, offset: Int16)] = [
    (0x100, 5, 2, 16), (0x200, 0x14, 2, 16), (0x300, 5, 3, 0), (0x400, 5, 4, 8), (0x500, 0, 1, 0),
    (0x600, 0, 0, 0), (0x700, 9, 2, 8), (0x800, 6, 2, 8), (0x900, 8, 2, 8), (0xa00, 5, 2, 8),
  ]

  init() {
    text = tables.kernel.text
    tables.kernel.setKey("OSRELEASE", "6.12.0-lab")
    tables.setTypes(Self.types())
    tables.setSymbol("_etext", text + 0x1000)
    addUnwindTables()
    let module = addModule()
    let current = addTasks()
    addProcessors(current: current, module: module)
    addFacts()
  }

  private static func types() -> BTFBuilder {
    var types = BTFBuilder()
    let short = types.integer("short int", 2)
    let int = types.integer("int", 4)
    let long = types.integer("long unsigned int", 8)
    let char = types.integer("char", 1)
    let pointer = types.pointer()
    func structure(_ name: String, _ size: UInt32, _ members: [(String, UInt32, Int)]) -> UInt32 {
      types.structure(name, size, members.map { .init(name: $0.0, type: $0.1, offset: $0.2 * 8) })
    }
    let list = structure("list_head", 16, [("next", pointer, 0), ("prev", pointer, 8)])
    let thread = structure("thread_struct", 8, [("sp", long, 0)])
    let name = types.array(char, 16)
    _ = structure(
      "task_struct", 128,
      [
        ("tasks", list, 0), ("thread_node", list, 16), ("signal", pointer, 32), ("comm", name, 40),
        ("pid", int, 56), ("tgid", int, 60), ("__state", int, 64), ("exit_state", int, 68),
        ("flags", int, 72), ("stack", pointer, 80), ("thread", thread, 88),
      ])
    _ = structure("signal_struct", 16, [("thread_head", list, 0)])
    _ = structure("thread_union", 4096, [])
    _ = structure("inactive_task_frame", 56, [("bp", long, 40), ("ret_addr", long, 48)])
    _ = structure("rq", 16, [("curr", pointer, 8)])
    _ = structure("pcpu_hot", 32, [("hardirq_stack_ptr", pointer, 16)])
    _ = structure("irq_stack", 4096, [])
    let stack = types.array(char, 512)
    _ = structure("cea_exception_stacks", 2048, [("DF_stack", stack, 512), ("NMI_stack", stack, 1024)])
    let region = structure("module_memory", 16, [("base", pointer, 0), ("size", int, 8)])
    let regions = types.array(region, 2)
    let unwind = structure(
      "mod_arch_specific", 24,
      [("num_orcs", int, 0), ("orc_unwind_ip", pointer, 8), ("orc_unwind", pointer, 16)])
    let count = structure("atomic_t", 4, [("counter", int, 0)])
    let moduleName = types.array(char, 56)
    _ = structure(
      "module", 192,
      [
        ("state", int, 0), ("list", list, 8), ("name", moduleName, 24), ("version", pointer, 80),
        ("taints", long, 88), ("refcnt", count, 96), ("mem", regions, 104), ("arch", unwind, 136),
        ("kallsyms", pointer, 160),
      ])
    _ = structure(
      "mod_kallsyms", 24, [("symtab", pointer, 0), ("num_symtab", int, 8), ("strtab", pointer, 16)])
    _ = types.structure(
      "orc_entry", 6,
      [
        .init(name: "sp_offset", type: short, offset: 0), .init(name: "bp_offset", type: short, offset: 16),
        .init(name: "sp_reg", type: int, offset: 32, bits: 4),
        .init(name: "bp_reg", type: int, offset: 36, bits: 4),
        .init(name: "type", type: int, offset: 40, bits: 3),
      ])
    _ = structure(
      "timekeeper", 24, [("xtime_sec", long, 0), ("ktime_sec", long, 8), ("offs_boot", long, 16)])
    _ = structure("cpuinfo_x86", 64, [("x86_model_id", types.array(char, 64), 0)])
    _ = structure("percpu_counter", 16, [("count", long, 8)])
    _ = types.enumeration("zone_stat_item", [("NR_FREE_PAGES", 0)])
    _ = types.enumeration(
      "node_stat_item", [("NR_FILE_PAGES", 1), ("NR_SHMEM", 2), ("NR_KERNEL_STACK_KB", 3)])
    return types
  }

  private static func words(_ words: [UInt64]) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in words { bytes.appendLittleEndian(word) }
    return bytes
  }

  private func store(_ word: UInt64, at address: UInt64) {
    tables.kernel.memory.store(word, at: tables.kernel.image.lowerBound << 12 + address - text)
  }

  /// Tables for code that begins somewhere: distances, then entries.
  private func placeTables(codeAt start: UInt64) -> (addresses: UInt64, entries: UInt64) {
    let addresses = tables.nextAddress
    var distances: [UInt8] = []
    var entries: [UInt8] = []
    for (index, code) in Self.code.enumerated() {
      distances.appendLittleEndian(
        UInt32(truncatingIfNeeded: start &+ code.at &- addresses &- UInt64(index) * 4))
      entries.appendLittleEndian(UInt16(bitPattern: code.offset))
      entries.appendLittleEndian(UInt16(bitPattern: -16))
      entries.appendLittleEndian(code.registers | code.kind << 8)
    }
    tables.place(distances)
    return (addresses, tables.place(entries))
  }

  private func addUnwindTables() {
    let (addresses, entries) = placeTables(codeAt: text)
    tables.setSymbol("__start_orc_unwind_ip", addresses)
    tables.setSymbol("__start_orc_unwind", entries)
    tables.setSymbol("__stop_orc_unwind", entries + UInt64(Self.code.count * 6))
  }

  /// - Returns: where its code is.
  private func addModule() -> UInt64 {
    let code = tables.place([UInt8](repeating: 0x90, count: 16))
    let (addresses, entries) = placeTables(codeAt: code)
    let strings = tables.place(Array("\0first\0second\0".utf8))
    var symbols = [UInt8](repeating: 0, count: 24)
    for (name, value) in [(UInt32(1), code + 0x100), (7, code + 0x300)] {
      symbols.appendLittleEndian(name)
      symbols += [2, 0, 1, 0]
      symbols += Self.words([value, 0x100])
    }
    let kallsyms = tables.place(Self.words([tables.place(symbols), 3, strings]))
    let head = tables.place(Self.words([0, 0]))
    var module = Self.words([0, head, head])
    module += Array("mymodule".utf8) + [UInt8](repeating: 0, count: 48)
    module += Self.words([
      strings + 1, 1 << 12, 3, code, 0x1000, strings, 64, UInt64(Self.code.count), addresses, entries,
      kallsyms,
    ])
    let place = tables.place(module)
    store(place + 8, at: head)
    tables.setSymbol("modules", head)
    return code
  }

  /// - Returns: the task that runs.
  private func addTasks() -> UInt64 {
    let first = tables.nextAddress
    let count: UInt64 = 4
    // A task is a page: it, its signal_struct at 256, and a stack behind it.
    for index in 0..<count {
      let task = first + index * 0x2000
      let stack = task + 0x1000
      let next = first + (index + 1) % count * 0x2000
      let frame = stack + 0x800
      var bytes = Self.words([next, first, task + 256, task + 256, task + 256])
      bytes += Array("task \(index)\0".utf8) + [UInt8](repeating: 0, count: 16 - 7)
      bytes += Self.words([
        (index + 1) << 32 | (index + 1), index == 0 ? 0 : 2, index < 2 ? 0x20_0000 : 0, stack, frame,
      ])
      bytes += [UInt8](repeating: 0, count: 256 - bytes.count)
      bytes += Self.words([task + 16, task + 16])
      tables.place(bytes)
      // What __switch_to_asm left, and two frames above it.
      var words = [UInt64](repeating: 0, count: 512)
      words[256 + 5] = frame + 0x100
      words[256 + 6] = text + 0x210
      words[256 + 0x1e] = 0
      words[256 + 0x1f + 2] = text + 0xa10
      words[256 + 0x20] = stack + 0xf00
      words[256 + 0x21] = text + 0x110
      words[256 + 0x23] = text + 0x510
      tables.place(Self.words(words))
    }
    tables.setSymbol("init_task", first)
    return first
  }

  private func addProcessors(current: UInt64, module: UInt64) {
    let areas = tables.nextAddress
    for processor in 0..<UInt64(2) {
      let area = areas + processor * 0x1000
      // struct elf_prstatus: registers at 112 of what stands behind the note's header and name.
      var bytes: [UInt8] = []
      for word in [UInt32(5), 336, 1] { bytes.appendLittleEndian(word) }
      bytes += Array("CORE\0\0\0\0".utf8) + [UInt8](repeating: 0, count: 112)
      var registers = [UInt64](repeating: 0, count: 27)
      registers[4] = area + 0x800
      registers[16] = (processor == 0 ? text : module) + 0x310
      registers[17] = 0x10
      registers[19] = area + 0x400
      bytes += Self.words(registers)
      bytes += [UInt8](repeating: 0, count: 0x200 - bytes.count)
      // runqueues, pcpu_hot, cea_exception_stacks.
      bytes += Self.words([0, current, 0, 0, area + 0xff8, 0, area])
      bytes += [UInt8](repeating: 0, count: 0x400 - bytes.count)
      // struct pt_regs of what was interrupted, and what called that.
      registers[16] = text + 0x110
      registers[19] = area + 0x600
      bytes += Self.words(Array(registers.prefix(21)))
      bytes += [UInt8](repeating: 0, count: 0x600 - bytes.count)
      bytes += Self.words([0, text + 0xa10, text + 0x710, area + 0x700, text + 0x510])
      tables.place(bytes + [UInt8](repeating: 0, count: 4096 - bytes.count))
    }
    tables.setSymbol("__per_cpu_offset", tables.place(Self.words([areas, areas + 0x1000])))
    tables.setSymbol("crash_notes", tables.place(Self.words([0])))
    for name in ["__cpu_online_mask", "__cpu_present_mask"] {
      tables.setSymbol(name, tables.place(Self.words([3])))
    }
    tables.setSymbol("nr_cpu_ids", tables.place(Self.words([2])))
    for (name, place) in [("runqueues", 0x200), ("pcpu_hot", 0x210), ("cea_exception_stacks", 0x230)]
      as [(String, UInt64)]
    {
      tables.setSymbol(name, place)
    }
  }

  private func addFacts() {
    tables.setSymbol("tk_core", tables.place(Self.words([0, 1_700_000_000, 1000, 0])))
    let words = Self.words([1000, 200, 3, 64])
    for name in [
      "vm_zone_stat", "vm_node_stat", "_totalram_pages", "total_swap_pages", "nr_swap_pages",
      "vm_committed_as",
    ] {
      tables.setSymbol(name, tables.place(words))
    }
    let line = tables.place(Array("console=ttyS0\0".utf8))
    tables.setSymbol("saved_command_line", tables.place(Self.words([line])))
    tables.setSymbol("dump_stack_arch_desc_str", tables.place(Array("QEMU\0".utf8)))
    tables.setSymbol("boot_cpu_data", tables.place(Array("  a processor\0".utf8)))
    tables.setSymbol("tainted_mask", tables.place(Self.words([1 << 12])))
    tables.setSymbol("crashing_cpu", tables.place(Self.words([1])))
  }
}
