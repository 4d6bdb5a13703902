import DumpFixtures
import DumpMemory
import Foundation
import KernelModel
import Testing

/// drgn and crash read the kernel's debug information, of which `inspect` has nothing.
@Suite("inspect tells of a crash what crash and drgn do", .enabled(if: Lab.hasKernel("6.1")))
struct CrashSummaryTests {
  static let machines = ["6.1", "6.12", "6.1-la57", "6.12-numa", "6.1-guest", "6.1-blocked", "6.12-blocked"]
    .filter { Lab.hasVmcore($0) }
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
  }

  private static func json(_ path: String) throws -> [String: Any] {
    let run = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", "--json", path])
    #expect(run.errors == "", "\(run.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  private static func drgn(_ path: String, _ kernel: String) throws -> [String: Any] {
    let text = try Drgn.ask("crash", of: path, kernel)
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// The addresses of a stack, as drgn has them: with that of the program at the end.
  private static func addresses(_ stack: [String: Any]) throws -> [String] {
    let frames = try #require(stack["frames"] as? [[String: Any]])
    let own = frames.compactMap { $0["address"] as? String }
    return stack["end"] as? String == "user" ? own + [stack["reason"] as? String ?? ""] : own
  }

  /// Expects a stack of ours to be drgn's, frame by frame, and each name to be one that the symbol tables have.
  private static func expect(
    _ ours: [String: Any], _ theirs: [String: Any], _ what: String, hasModule: Bool = false
  ) throws {
    let found = try addresses(ours)
    var wanted = try #require(theirs["addresses"] as? [String], "\(what): \(theirs)")
    // Behind the program's frame drgn may guess more of what it can read there.
    if ours["end"] as? String == "user" { wanted = Array(wanted.prefix(found.count)) }
    #expect(found == wanted, "\(what): \(ours["reason"] ?? "")")
    #expect(ours["end"] as? String != "lost", "\(what): \(ours)")
    let names = try #require(theirs["names"] as? [[String]])
    for (frame, names) in zip(try #require(ours["frames"] as? [[String: Any]]), names) {
      let name = frame["symbol"] as? String ?? "-"
      // Of the lab's own modules drgn has no symbols, and of assembler code it names what has a size; crash names the label.
      if frame["module"] is String || names.contains(where: isAssembler) { continue }
      #expect(names.contains(name), "\(what): \(name) is none of \(names)")
    }
  }

  private static func isAssembler(_ name: String) -> Bool {
    ["entry_SYSCALL_64", "secondary_startup_64", "asm_exc_nmi"].contains(name)
      || name.hasPrefix("__put_user_") || name.hasPrefix("__get_user_")
  }

  // MARK: - Stacks

  @Test(
    "The stack of every processor is drgn's, of a vmcore and of its dump at level 31", arguments: machines)
  func processors(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let dump = scratch.path("dump")
    try vmcore.dump("-l -d 31", to: dump)
    let wanted = try Self.drgn(vmcore.path, vmcore.kernel)
    let theirs = try #require(wanted["cpus"] as? [String: [String: Any]])
    for path in [vmcore.path, dump] {
      let answer = try Self.json(path)
      let cpus = try #require(answer["cpus"] as? [[String: Any]])
      #expect(cpus.count == theirs.count)
      for cpu in cpus {
        let number = try #require(cpu["cpu"] as? Int)
        let their = try #require(theirs["\(number)"])
        let task = try #require(cpu["task"] as? [String: Any])
        #expect(
          task["pid"] as? Int == their["pid"] as? Int
            && task["address"] as? String == their["address"] as? String)
        try Self.expect(
          try #require(cpu["stack"] as? [String: Any]), try #require(their["stack"] as? [String: Any]),
          "\(path), processor \(number)")
      }
      #expect((answer["problems"] as? [Any])?.isEmpty == true, "\(answer["problems"] ?? "")")
    }
  }

  @Test("The stack of every task that sleeps is drgn's", arguments: machines)
  func tasks(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let physical = try PhysicalMemory(opening: vmcore.path, prefersMapping: true)
    let kernel = try Kernel(try #require(physical.vmcoreinfo()), of: physical)
    var memory = try kernel.memory()
    let modules = try ModuleList(kernel, in: &memory)
    let list = try TaskList(kernel, in: &memory)
    #expect(modules.problem == nil && list.problem == nil)
    let unwinder = Unwinder(kernel, modules: modules, in: &memory)
    let theirs = try #require(try Self.drgn(vmcore.path, vmcore.kernel)["tasks"] as? [[String: Any]])
    let letters = Dictionary(uniqueKeysWithValues: list.tasks.map { ($0.pid, $0) })
    #expect(list.tasks.count == theirs.count && list.tasks.count > 40)
    for their in theirs {
      let pid = try #require(their["pid"] as? Int)
      let task = try #require(letters[pid], "no task \(pid)")
      #expect(task.name == their["name"] as? String)
      #expect(task.state.letter == their["state"] as? String, "\(pid)")
      if their["running"] as? Bool == true || task.state == .zombie || task.state == .dead { continue }
      let trace = unwinder.trace(task, of: kernel, in: &memory)
      var addresses = trace.frames.map { "0x" + String($0.address, radix: 16) }
      if case .user(let ip) = trace.end { addresses.append("0x" + String(ip, radix: 16)) }
      if case .lost(let reason) = trace.end { Issue.record("\(pid): \(reason)") }
      let stack = try #require(their["stack"] as? [String: Any])
      var wanted = try #require(stack["addresses"] as? [String])
      // Behind the program's frame, and that of a task which has never run, drgn may guess more of what it can read there.
      let isBirth = addresses.count == 1 && trace.end == .whole && wanted.count == 2
      if case .user = trace.end { wanted = Array(wanted.prefix(addresses.count)) }
      if isBirth { wanted.removeLast() }
      #expect(addresses == wanted, "\(pid) \(task.name)")
    }
  }

  @Test(
    "A page fault in a timer's interrupt: its cause, the frames of a module on the stack of interrupts, and who is blocked",
    arguments: ["6.1-blocked", "6.12-blocked"].filter { Lab.hasVmcore($0) })
  func blocked(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let answer = try Self.json(vmcore.path)
    let crash = try #require(answer["crash"] as? [String: Any])
    #expect(crash["kind"] as? String == "null pointer" && crash["panic"] is NSNull)
    #expect(
      (crash["finding"] as? String)?.contains("NULL pointer dereference, address: 0000000000000008") == true)
    #expect(crash["processor"] as? Int == 0)

    let cpu = try #require((answer["cpus"] as? [[String: Any]])?.first)
    let frames = try #require((cpu["stack"] as? [String: Any])?["frames"] as? [[String: Any]])
    #expect((frames.first?["symbol"] as? String)?.hasPrefix("lab_strike") == true)
    #expect(frames.first?["module"] as? String == "blocked")
    #expect(frames.first?["on"] as? String == "IRQ")
    let names = frames.compactMap { $0["symbol"] as? String }
    #expect(
      names.contains("lab_expire") && names.contains("lab_crash") && names.contains("vfs_write"), "\(names)")
    let last = try #require(frames.last)
    #expect(last["on"] as? String == "task")
    #expect(frames.contains { $0["interrupted"] as? Bool == true && $0["on"] as? String == "task" })

    let tasks = try #require(answer["tasks"] as? [String: Any])
    let waiting = try #require(tasks["blocked"] as? [[String: Any]]).filter {
      ($0["name"] as? String)?.hasPrefix("lab-waits/") == true
    }
    #expect(waiting.count == 2)
    for task in waiting {
      let frames = try #require((task["stack"] as? [String: Any])?["frames"] as? [[String: Any]])
      let names = frames.compactMap { $0["symbol"] as? String }
      // Which of the two has a frame of its own is the compiler's choice.
      let waits = names.contains("__wait_for_common") || names.contains("wait_for_completion")
      #expect(names.prefix(2) == ["__schedule", "schedule"] && waits, "\(names)")
      #expect(names.contains("lab_wait") && names.contains("kthread"))
    }

    let module = try #require(
      (answer["modules"] as? [[String: Any]])?.first { $0["name"] as? String == "blocked" })
    #expect((module["taint"] as? [String: Any])?["letters"] as? String == "OE")
    let text = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", vmcore.path]).output
    #expect(text.contains("2 tasks: lab-waits/1 (pid ") && text.contains("--- IRQ stack ---"))
  }

  @Test("A processor that did not answer is named, and shifts none of the others")
  func silentProcessor() throws {
    guard Lab.isThorough, Lab.hasVmcore("6.1-processors") else { return }
    let vmcore = try RealVmcore("6.1-processors")
    let theirs = try #require(try Self.drgn(vmcore.path, "6.1")["cpus"] as? [String: [String: Any]])
    let cpus = try #require(try Self.json(vmcore.path)["cpus"] as? [[String: Any]])
    #expect(cpus.map { $0["registers_from"] as? String } == ["kernel", "kernel", "silent", "offline"])
    for number in 0..<2 {
      let stack = try #require(cpus[number]["stack"] as? [String: Any])
      try Self.expect(
        stack, try #require(theirs["\(number)"]?["stack"] as? [String: Any]), "processor \(number)")
    }
    let frames = try #require((cpus[0]["stack"] as? [String: Any])?["frames"] as? [[String: Any]])
    #expect(frames.first?["on"] as? String == "NMI" && frames.last?["on"] as? String == "task")
  }

  @Test(
    "crash's bt has every frame, at the same places", arguments: ["6.1"].filter { Lab.hasVmcore($0) })
  func crashBacktraces(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let text = try #require(try Crash.ask(["bt -a"], of: vmcore.path, vmcore.kernel)["bt -a"])
    for cpu in try #require(try Self.json(vmcore.path)["cpus"] as? [[String: Any]]) {
      let frames = try #require((cpu["stack"] as? [String: Any])?["frames"] as? [[String: Any]])
      // crash scans the stack, and has of the first function what machine_kexec left.
      for frame in frames.dropFirst() {
        let address = try #require(frame["address"] as? String).dropFirst(2)
        let name = try #require(frame["symbol"] as? String)
        #expect(text.contains(" \(name) at \(address)"), "\(name) at \(address)")
      }
    }
  }

  // MARK: - The rest

  @Test("Modules, memory, slabs and taints are what drgn reads", arguments: machines)
  func counts(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let wanted = try Self.drgn(vmcore.path, vmcore.kernel)
    let answer = try Self.json(vmcore.path)
    let modules = try #require(answer["modules"] as? [[String: Any]])
    let theirs = try #require(wanted["modules"] as? [[String: Any]])
    #expect(modules.compactMap { $0["name"] as? String } == theirs.compactMap { $0["name"] as? String })
    #expect(modules.compactMap { $0["bytes"] as? Int } == theirs.compactMap { $0["bytes"] as? Int })
    for (ours, their) in zip(modules, theirs) {
      let mask = "0x" + String(try #require(their["taints"] as? Int), radix: 16)
      #expect((ours["taint"] as? [String: Any])?["mask"] as? String == mask)
    }

    let memory = try #require(answer["memory"] as? [String: Any])
    let pages = try #require(wanted["pages"] as? [String: Int])
    for (name, item) in [
      ("free", "NR_FREE_PAGES"), ("file", "NR_FILE_PAGES"), ("slab_reclaimable", "NR_SLAB_RECLAIMABLE_B"),
      ("slab_unreclaimable", "NR_SLAB_UNRECLAIMABLE_B"), ("anonymous", "NR_ANON_MAPPED"),
      ("shared", "NR_SHMEM"),
    ] { #expect(memory[name] as? Int == pages[item].map { $0 * 4096 }, "\(name)") }
    #expect(memory["total"] as? Int == (wanted["total"] as? Int).map { $0 * 4096 })

    let slabs = try #require(answer["slabs"] as? [[String: Any]])
    let caches = Dictionary(
      uniqueKeysWithValues: try #require(wanted["slabs"] as? [[String: Any]]).map {
        ($0["name"] as? String ?? "", $0)
      })
    #expect(slabs.count == caches.count && slabs.count > 50)
    for slab in slabs {
      let their = try #require(caches[slab["name"] as? String ?? "-"])
      #expect(
        slab["slabs"] as? Int == their["slabs"] as? Int && slab["objects"] as? Int == their["objects"] as? Int
      )
      #expect(slab["free_objects"] as? Int == their["free"] as? Int, "\(slab)")
    }
    let kernel = try #require(answer["kernel"] as? [String: Any])
    let mask = "0x" + String(try #require(wanted["taint"] as? Int), radix: 16)
    #expect((kernel["taint"] as? [String: Any])?["mask"] as? String == mask)
  }

  @Test("The same crash has the same signature on other kernels, and in a dump at level 31")
  func signature() throws {
    func signature(_ path: String) throws -> String {
      let crash = try #require(try Self.json(path)["crash"] as? [String: Any])
      return try #require((crash["signature"] as? [String: Any])?["text"] as? String)
    }
    let set = "lab_crash [crashes] < param_attr_store < module_attr_store"
    let kinds = [
      "bug": "BUG in lab_bug [crashes] < \(set)",
      "null": "null pointer in lab_write [crashes] < \(set)",
      "wild": "page fault in lab_write [crashes] < \(set)",
      "noncanonical": "general protection fault in lab_write [crashes] < \(set)",
      "list": "BUG in lab_unlink [crashes] < \(set)",
      "doublefree": "BUG in lab_free_twice [crashes] < \(set)",
      "softlockup": "soft lockup in lab_spin [crashes] < \(set)",
      "hung": "hung task in lab_lock_twice [crashes] < lab_thread [crashes] < kthread",
      "warn": "warning in lab_warn [crashes] < \(set)",
      "overflow": "stack overflow in lab_recurse [crashes] < \(set)",
      "divide": "divide error in lab_divide [crashes] < \(set)",
      "oom": "out of memory",
    ]
    let groups =
      [
        (
          ["5.10", "6.1", "6.12", "7.3"],
          "sysrq in sysrq_handle_crash < __handle_sysrq < write_sysrq_trigger < proc_reg_write"
        ),
        (
          ["6.1-blocked", "6.12-blocked"],
          "null pointer in lab_strike [blocked] < lab_expire [blocked] < __hrtimer_run_queues < hrtimer_interrupt"
        ),
      ]
      + (Lab.isThorough
        ? kinds.map { kind, text in (["6.1-crash-\(kind)", "6.12-crash-\(kind)"], text) } : [])
    for (machines, text) in groups {
      for machine in machines where Lab.hasVmcore(machine) {
        let vmcore = try RealVmcore(machine)
        #expect(try signature(vmcore.path) == text, "\(machine)")
        try vmcore.dump("-l -d 31 -f", to: scratch.path("dump"))
        #expect(try signature(scratch.path("dump")) == text, "\(machine)")
      }
    }
  }

  @Test(
    "Time, host, version and memory are what crash says", arguments: ["6.1"].filter { Lab.hasVmcore($0) })
  func system(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let answers = try Crash.ask(["sys", "kmem -i"], of: vmcore.path, vmcore.kernel)
    func field(_ name: String) throws -> String {
      let line = try #require(answers["sys"]?.split(separator: "\n").first { $0.contains(" \(name): ") })
      return line.split(separator: ":", maxSplits: 1)[1].trimmingCharacters(in: .whitespaces)
    }
    let answer = try Self.json(vmcore.path)
    let kernel = try #require(answer["kernel"] as? [String: Any])
    let crash = try #require(answer["crash"] as? [String: Any])
    #expect(kernel["host"] as? String == (try field("NODENAME")))
    #expect(kernel["release"] as? String == (try field("RELEASE")))
    #expect(kernel["version"] as? String == (try field("VERSION")))
    #expect(crash["kind"] as? String == "sysrq" && crash["panic"] as? String == "sysrq triggered crash")
    #expect(try field("PANIC").contains("sysrq triggered crash"))
    let uptime = try field("UPTIME").split(separator: ":").compactMap { Int($0) }
    let seconds = uptime.reduce(0) { $0 * 60 + $1 }
    // crash counts ticks, which begin a little before the clock.
    #expect(abs(try #require(crash["uptime_seconds"] as? Int) - seconds) <= 1)
    let date = ISO8601DateFormatter()
    date.formatOptions = [.withFullDate, .withTime, .withColonSeparatorInTime, .withSpaceBetweenDateAndTime]
    let time = Date(timeIntervalSince1970: TimeInterval(try #require(crash["time"] as? Int)))
    #expect(crash["time_utc"] as? String == date.string(from: time) + " UTC")

    let memory = try #require(answer["memory"] as? [String: Any])
    for (row, name) in [("TOTAL MEM", "total"), ("FREE", "free"), ("TOTAL SWAP", "swap_total")] {
      let line = try #require(
        answers["kmem -i"]?.split(separator: "\n").first {
          $0.trimmingCharacters(in: .whitespaces).hasPrefix(row)
        })
      let pages = line.trimmingCharacters(in: .whitespaces).dropFirst(row.count).split(separator: " ").first
      #expect(memory[name] as? Int == pages.flatMap { Int($0) }.map { $0 * 4096 }, "\(row)")
    }
  }

  @Test(
    "What dumps would take is near what they take, and the classes are those that dumps leave out",
    arguments: ["6.1", "6.12"].filter { Lab.hasVmcore($0) })
  func forecast(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let answer = try Self.json(vmcore.path)
    let forecast = try #require(answer["forecast"] as? [String: Any])
    #expect((forecast["warnings"] as? [Any])?.isEmpty == true && forecast["is_estimate"] as? Bool == true)
    let levels = try #require(forecast["levels"] as? [[String: Any]])
    #expect(levels.map { $0["level"] as? Int } == [0, 1, 17, 23, 31])
    for level in levels {
      let bytes = try #require(level["bytes"] as? [String: Int])
      let margins = try #require(level["margins"] as? [String: Int])
      for (codec, option) in [("raw", ""), ("zlib", "-c"), ("lzo", "-l"), ("snappy", "-p"), ("zstd", "-z")] {
        let dump = scratch.path("dump")
        try vmcore.dump("-f \(option) -d \(level["level"] as? Int ?? -1)", to: dump)
        let size = try #require(FileManager.default.attributesOfItem(atPath: dump)[.size] as? Int)
        // Twice what 19 of 20 keep, and what rounding does.
        let allowed = 2 * (margins[codec] ?? 0) + size / 200
        #expect(
          abs((bytes[codec] ?? 0) - size) <= allowed, "\(level["level"] ?? ""), \(codec): \(bytes), \(size)")
        if codec == "zstd", level["level"] as? Int == 31 {
          let again = try #require(try Self.json(dump)["forecast"] as? [String: Any])
          #expect((again["refilter"] as? [String: Any])?["worth_it"] as? Bool == false)
          #expect((again["levels"] as? [[String: Any]])?.map { $0["level"] as? Int } == [31])
        }
      }
    }
    #expect((forecast["refilter"] as? [String: Any])?["worth_it"] as? Bool == true)

    let run = try vmcore.dump("-f --show-stats -d 31 --message-level 31", to: scratch.path("dump"))
    let classes = try #require(answer["page_classes"] as? [[String: Any]])
    for (name, line) in [
      ("free", "Free pages"), ("user", "User process data pages"), ("private_cache", "Private cache pages"),
      ("cache", "Non-private cache pages"),
    ] {
      let counted = try #require(run.output.split(separator: "\n").first { $0.contains("    \(line)") })
      let number = counted.split(separator: "x").last.flatMap { Int($0, radix: 16) }
      #expect(classes.first { $0["class"] as? String == name }?["pages"] as? Int == number, "\(counted)")
    }
  }

  @Test("The log's last lines are the log's last lines")
  func log() throws {
    let vmcore = try RealVmcore("6.1")
    let path = scratch.path("log")
    try ProgramRun.succeeding(Lab.vmsieve, ["--dump-dmesg", vmcore.path, path])
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    let shown = try #require(try Self.json(vmcore.path)["log"] as? [String])
    #expect(shown.count == 20 && shown == lines.suffix(20).map { $0.replacing("\t", with: " ") })
  }

  @Test(
    "Kernels without debug information here tell as much",
    arguments: ["5.10", "7.3"].filter { Lab.hasVmcore($0) })
  func otherKernels(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let answer = try Self.json(vmcore.path)
    #expect((answer["problems"] as? [Any])?.isEmpty == true, "\(answer["problems"] ?? "")")
    let cpus = try #require(answer["cpus"] as? [[String: Any]])
    #expect(cpus.count == 2)
    for cpu in cpus { #expect((cpu["stack"] as? [String: Any])?["end"] as? String != "lost", "\(cpu)") }
    let frames = try #require((cpus[0]["stack"] as? [String: Any])?["frames"] as? [[String: Any]])
    let names = frames.compactMap { $0["symbol"] as? String }
    #expect(names.first == "__crash_kexec" && names.contains("panic") && names.contains("sysrq_handle_crash"))
    // The kernel's own words of the same stack; its lines end in the name and its place.
    let log = try ProgramRun.succeeding(
      "/bin/sh", ["-c", "$0 --dump-dmesg $1 $2 && cat $2", Lab.vmsieve, vmcore.path, scratch.path("log")]
    ).output
    for name in names.dropFirst().filter({ $0 != "vpanic" }) {
      #expect(log.contains(" \(name)+0x"), "\(name)")
    }
    #expect(((answer["tasks"] as? [String: Any])?["count"] as? Int ?? 0) > 40)
    #expect(((answer["slabs"] as? [Any])?.count ?? 0) > 50)
  }

  @Test(
    "Of a dump that was cut comes what is there, and what is not is said",
    arguments: ["6.1", "6.12"].filter { Lab.hasVmcore($0) })
  func cut(machine: String) throws {
    let vmcore = try RealVmcore(machine)
    let whole = scratch.path("whole")
    try vmcore.dump("-l -d 31", to: whole)
    let size = try #require(FileManager.default.attributesOfItem(atPath: whole)[.size] as? Int)
    var known = 0
    for percent in [5, 20, 40, 60, 80, 95] {
      let path = scratch.path("cut")
      try? FileManager.default.removeItem(atPath: path)
      // As by a full disk: the kernel's own pages are in it; and as by a transfer that broke off.
      for command in [
        "$0 -l -d 31 -L \(size * percent / 100) $1 $2", "head -c \(size * percent / 100) $3 > $2",
      ] {
        try? FileManager.default.removeItem(atPath: path)
        _ = try ProgramRun.of("/bin/sh", ["-c", command, Lab.vmsieve, vmcore.path, path, whole])
        let run = try ProgramRun.of(Lab.vmsieve, ["inspect", "--json", path])
        guard run.status == 0 else {
          #expect(run.errors.filter { $0 == "\n" }.count <= 3 && !run.errors.isEmpty, "\(run)")
          continue
        }
        let answer = try #require(
          try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
        let stacks = (answer["cpus"] as? [[String: Any]] ?? []).compactMap { $0["stack"] as? [String: Any] }
        let isWhole = stacks.count == 2 && stacks.allSatisfy { $0["end"] as? String != "lost" }
        let problems = answer["problems"] as? [[String: Any]] ?? []
        #expect(
          isWhole || !problems.isEmpty || stacks.contains { $0["reason"] is String }
            || answer["kernel"] is NSNull)
        if isWhole { known += 1 }
        let text = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", path]).output
        #expect(problems.isEmpty || text.contains("  missing: "), "\(text)")
      }
    }
    #expect(known > 0)
  }

  @Test("In the capture kernel --report has the stacks, costs no second to speak of, and the dump is whole")
  func captureKernel() throws {
    guard Lab.hasVmcore("6.12-blocked") else { return }
    let out = scratch.path("out")
    let commands = """
      now() { cut -d' ' -f1 /proc/uptime; }
      a=$(now); vmsieve -l -d 31 /proc/vmcore /out/plain || exit 1
      b=$(now); vmsieve -l -d 31 --report /out/report /proc/vmcore /out/dump || exit 2
      c=$(now); cmp /out/plain /out/dump || exit 3
      echo "seconds: $a $b $c"
      """
    let log = try Lab.run("collect", "6.12-blocked", out: out, commands, within: 900)
    let report = try String(contentsOfFile: "\(out)/report", encoding: .utf8)
    for part in [
      "  kind:        null pointer", "lab_strike", "--- IRQ stack ---", "asm_sysvec_apic_timer_interrupt",
      "2 tasks: lab-waits/1", "user space, at", "  blocked: taints OE",
    ] { #expect(report.contains(part), "\(part)") }
    #expect(!report.contains("missing: ") && !report.contains("is not known"), "\(report)")
    let times = try #require(log.split(separator: "\n").first { $0.hasPrefix("seconds: ") })
      .split(separator: " ").dropFirst().compactMap { Double($0) }
    try #require(times.count == 3)
    #expect(times[2] - times[1] < times[1] - times[0] + 2, "\(times)")
  }
}
