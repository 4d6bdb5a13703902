import DumpFixtures
import DumpMemory
import Testing

@testable import KernelModel

@Suite("Why a kernel crashed is what its log says")
struct CrashCauseTests {
  /// What the log of these messages comes to.
  private func summary(_ messages: [String], keeping count: Int = 20) throws -> LogSummary {
    let kernel = SyntheticKernel(.v5_10)
    kernel.writeRingLog(
      messages.enumerated().map { LogEntry($0.element, nanoseconds: UInt64($0.offset + 1) * 1_500_000_000) },
      countBits: 7, sizeBits: 13)
    let memory = try OpenedVmcore(kernel.vmcore()).memory
    return try LogSummary(try Kernel(try #require(memory.vmcoreinfo()), of: memory), keeping: count)
  }

  private static let cases: [(lines: [String], kind: CrashCause.Kind)] = [
    (["sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash"], .sysrq),
    (
      [
        "BUG: kernel NULL pointer dereference, address: 0000000000000008",
        "#PF: supervisor write access in kernel mode",
        "Oops: 0002 [#1] PREEMPT SMP PTI", "Kernel panic - not syncing: Fatal exception in interrupt",
      ], .nullPointer
    ),
    (["BUG: unable to handle page fault for address: ffffdead00000000", "Oops: 0000 [#1] SMP"], .pageFault),
    (["kernel BUG at mm/slub.c:448!", "invalid opcode: 0000 [#1] PREEMPT SMP"], .bug),
    (
      ["Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1]"],
      .generalProtection
    ),
    (
      [
        "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [sh:1]",
        "Kernel panic - not syncing: softlockup: hung tasks",
      ], .softLockup
    ),
    (["Kernel panic - not syncing: Hard LOCKUP"], .hardLockup),
    (["Kernel panic - not syncing: hung_task: blocked tasks"], .hungTask),
    (["Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b"], .initKilled),
    (["Kernel panic - not syncing: System is deadlocked on memory"], .outOfMemory),
    (["Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"], .noRootFilesystem),
    (["Kernel panic - not syncing: Fatal machine check"], .machineCheck),
    (["Kernel panic - not syncing: RCU Stall"], .rcuStall),
    (
      ["Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: f+0x1/0x2"],
      .stackCorruption
    ),
    (["Kernel panic - not syncing: kernel: panic_on_warn set ..."], .warning),
    // What was found long before a panic of another kind is not its reason.
    (["BUG: kernel NULL pointer dereference, address: 0", "Kernel panic - not syncing: lab"], .panic),
    (["all is well"], .unknown),
  ]

  @Test("Kinds", arguments: 0..<cases.count)
  func kinds(index: Int) throws {
    let (lines, kind) = Self.cases[index]
    let found = try summary(["Linux version 5.10"] + lines + ["---[ end trace ]---"])
    #expect(found.cause.kind == kind, "\(lines)")
    let panic = lines.first { $0.hasPrefix("Kernel panic") }
    #expect(found.cause.panic == panic.map { String($0.dropFirst("Kernel panic - not syncing: ".count)) })
    if kind != .unknown, panic == nil { #expect(found.cause.finding == lines.first) }
    #expect(found.lineCount == lines.count + 2 && found.problem == nil)
    #expect(found.lastTime == UInt64(lines.count + 2) * 1_500_000_000)
  }

  @Test("The task that hung is named by its number, whatever its name is")
  func hungTask() throws {
    let panic = "Kernel panic - not syncing: hung_task: blocked tasks"
    for (name, pid) in [
      ("sh:141", 141), ("kworker/0:1:17", 17), ("a blocked for more:9", 9), ("x y:z:5", 5),
    ] as [(String, Int32)] {
      let line = "INFO: task \(name) blocked for more than 120 seconds."
      #expect(try summary([line, panic]).cause.hungTask == pid, "\(line)")
    }
    for line in ["INFO: task sh", "INFO: task sh:x blocked for more than 1 seconds."] {
      #expect(try summary([line, panic]).cause.hungTask == nil, "\(line)")
    }
    #expect(try summary(["INFO: task sh:1 blocked for more than 1 seconds."]).cause.hungTask != nil)
  }

  @Test("Only the last lines are kept, and nothing in them harms a terminal")
  func lastLines() throws {
    let found = try summary((0..<50).map { "line \($0)" } + ["\u{1b}[31mred\u{7}"], keeping: 3)
    #expect(found.lastLines.count == 3 && found.lineCount == 51)
    #expect(found.lastLines.last?.hasSuffix(" \\x1b[31mred\\x07") == true)
    #expect("\u{1b}[2Jü\n".printable == "\\x1b[2J\\xc3\\xbc\\x0a")
  }

  @Test("Times, and who printed a line, are no part of what it says")
  func prefixes() {
    #expect(LogSummary.split("[   12.000345] text").time == 12_000_345_000)
    #expect(LogSummary.split("[   12.000345] text").text == "text")
    #expect(LogSummary.split("[   12.000345] [    T141] [drm] text").text == "[drm] text")
    #expect(LogSummary.split("<6>[    0.000000] text").text == "text")
    for line in ["[drm] text", "[1.5] text", "[", "", "text"] {
      let (time, text) = LogSummary.split(line)
      #expect(time == nil && text == line)
    }
  }

  @Test("Taints have the kernel's letters, and what nobody knows a number")
  func taints() {
    #expect(Taint(mask: 0).letters == "" && Taint(mask: 0).meanings.isEmpty)
    #expect(Taint(mask: 1 << 12 | 1 << 13).letters == "OE")
    #expect(Taint(mask: 1 | 1 << 7 | 1 << 9 | 1 << 63).letters == "PDW<63>")
  }

  @Test("Task states have the letters of ps")
  func states() {
    let cases: [(UInt64, UInt64, String)] = [
      (0, 0, "R"), (1, 0, "S"), (2, 0, "D"), (0x402, 0, "I"), (0x102, 0, "D"), (4, 0, "T"), (8, 0, "t"),
      (0x40, 0, "P"), (0, 0x20, "Z"), (0x80, 0x10, "X"), (0x2002, 0, "D"), (0x2001, 0, "S"), (0x800, 0, "R"),
    ]
    for (state, exit, letter) in cases {
      #expect(
        TaskState(state, exit: exit, isRenumbered: true).letter == letter, "\(String(state, radix: 16))")
    }
    #expect(TaskState(512, exit: 0, isRenumbered: false) == .parked)
  }

  @Test("A list is followed backwards where it breaks off, and never for ever")
  func lists() throws {
    func nodes(_ change: (inout [UInt64], UInt64) -> Void, atMost limit: Int = 100) throws -> (Int, String?) {
      let tables = KernelWithTables()
      let start = tables.nextAddress
      // Node 0 is the head; each has next and prev.
      var words: [UInt64] = []
      for index in 0..<8 {
        words += [start + UInt64((index + 1) % 8) * 16, start + UInt64((index + 7) % 8) * 16]
      }
      change(&words, start)
      var bytes: [UInt8] = []
      for word in words { bytes.appendLittleEndian(word) }
      tables.place(bytes)
      let opened = try tables.open()
      var memory = try opened.crashed.memory(of: opened.physical)
      let list = ListNodes(of: VirtualAddress(start), atMost: limit, &memory)
      return (list.nodes.count, list.problem)
    }
    #expect(try nodes { _, _ in } == (7, nil))
    // Node 3 leads into nothing: 1 to 3 forwards, 7 to 4 backwards.
    let cut = try nodes { words, _ in words[3 * 2] = 0xffff_c000_0000_0000 }
    #expect(cut.0 == 7 && cut.1 != nil)
    let user = try nodes { words, _ in words[3 * 2] = 0x1000 }
    #expect(user.0 == 7 && user.1?.contains("no node") == true)
    let ring = try nodes { words, start in
      words[3 * 2] = start + 16
      words[3 * 2 + 1] = start + 16
    }
    #expect(ring.0 <= 7 && ring.1?.contains("comes back") == true)
    let limited = try nodes({ _, _ in }, atMost: 4)
    #expect(limited.0 == 4 && limited.1?.contains("more nodes") == true)
  }
}
