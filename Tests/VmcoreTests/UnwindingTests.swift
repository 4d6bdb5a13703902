import DumpFixtures
import DumpMemory
import Testing

@testable import KernelModel

/// Stacks of a kernel whose ORC tables are written here, in each form that they had.
@Suite("Stacks are walked by the kernel's own tables")
struct UnwindingTests {
  /// The forms of `struct orc_entry`.
  enum Form: CaseIterable {
    /// 4.14 to 6.2: two bits of kind, and `end`.
    case end
    /// 6.3: `signal` before it.
    case signal
    /// 6.4: three bits of kind.
    case kinds
    /// 7.3: other numbers of registers.
    case registers

    var release: String {
      switch self {
      case .end: "6.1.0-lab"
      case .signal: "6.3.0-lab"
      case .kinds: "6.12.0-lab"
      case .registers: "7.3.0-lab"
      }
    }

    private var numbers: [String: UInt16] {
      self == .registers
        ? ["sp": 3, "bp": 4, "prev": 8, "spi": 9, "bpi": 10, "r10": 6, "-": 0]
        : ["sp": 5, "bp": 4, "prev": 1, "spi": 9, "bpi": 8, "r10": 6, "-": 0]
    }

    func bytes(_ entry: Entry) -> [UInt8] {
      let kind: UInt16
      switch self {
      case .kinds, .registers:
        kind = ["undefined": 0, "end": 1, "call": 2, "regs": 3, "partial": 4][entry.kind]! << 8
      case .end, .signal:
        let end: UInt16 = entry.kind == "end" ? 1 << (self == .end ? 10 : 11) : 0
        kind = (["call": 0, "regs": 1, "partial": 2][entry.kind] ?? 0) << 8 | end
      }
      var out: [UInt8] = []
      out.appendLittleEndian(UInt16(bitPattern: entry.offset))
      out.appendLittleEndian(UInt16(bitPattern: entry.frameOffset))
      out.appendLittleEndian(numbers[entry.base]! | numbers[entry.frame]! << 4 | kind)
      return out
    }

    /// Its own description, or none.
    func types(_ isDescribed: Bool) -> BTFBuilder {
      var types = BTFBuilder()
      let short = types.integer("short int", 2)
      let word = types.integer("unsigned int", 4)
      _ = types.structure("page", 64, [])
      guard isDescribed else { return types }
      var members: [BTFBuilder.Member] = [
        .init(name: "sp_offset", type: short, offset: 0), .init(name: "bp_offset", type: short, offset: 16),
        .init(name: "sp_reg", type: word, offset: 32, bits: 4),
        .init(name: "bp_reg", type: word, offset: 36, bits: 4),
      ]
      switch self {
      case .end:
        members += [
          .init(name: "type", type: word, offset: 40, bits: 2),
          .init(name: "end", type: word, offset: 42, bits: 1),
        ]
      case .signal:
        members += [
          .init(name: "type", type: word, offset: 40, bits: 2),
          .init(name: "signal", type: word, offset: 42, bits: 1),
          .init(name: "end", type: word, offset: 43, bits: 1),
        ]
      case .kinds, .registers:
        members += [
          .init(name: "type", type: word, offset: 40, bits: 3),
          .init(name: "signal", type: word, offset: 43, bits: 1),
        ]
      }
      _ = types.structure("orc_entry", 6, members)
      return types
    }
  }

  struct Entry {
    var at: UInt64
    var kind: String
    var base = "sp"
    var offset: Int16 = 0
    var frame = "-"
    var frameOffset: Int16 = 0
  }

  /// Code, in bytes from the beginning of the text, and how its frames are left.
  private static let entries: [Entry] = [
    Entry(at: 0x100, kind: "call", offset: 16),
    Entry(at: 0x200, kind: "call", base: "bp", offset: 16, frame: "prev", frameOffset: -16),
    Entry(at: 0x300, kind: "regs"),
    Entry(at: 0x400, kind: "partial", offset: 8),
    Entry(at: 0x500, kind: "end", base: "-"),
    Entry(at: 0x600, kind: "undefined", base: "-"),
    Entry(at: 0x700, kind: "call", base: "spi", offset: 8),
    Entry(at: 0x800, kind: "call", base: "r10", offset: 8),
  ]

  /// A kernel with these tables, and a stack.
  private final class Fixture {
    let tables: KernelWithTables
    let stack: UInt64

    init(_ form: Form, isDescribed: Bool = true, stackOf: (UInt64, UInt64) -> [UInt64]) {
      tables = KernelWithTables { $0.generation = .v6_1 }
      let text = tables.kernel.text
      tables.kernel.setKey("OSRELEASE", form.release)
      // Most entries of a kernel are of calls.
      let entries =
        UnwindingTests.entries + (0..<40).map { Entry(at: 0x900 + UInt64($0) * 16, kind: "call", offset: 8) }
      let addresses = tables.nextAddress
      var distances: [UInt8] = []
      for (index, entry) in entries.enumerated() {
        distances.appendLittleEndian(
          UInt32(truncatingIfNeeded: text &+ entry.at &- addresses &- UInt64(index) * 4))
      }
      tables.place(distances)
      tables.setSymbol("__start_orc_unwind_ip", addresses)
      let bytes = entries.flatMap { form.bytes($0) }
      let start = tables.place(bytes)
      tables.setSymbol("__start_orc_unwind", start)
      tables.setSymbol("__stop_orc_unwind", start + UInt64(bytes.count))
      tables.setSymbol("_etext", text + 0x1000)
      tables.setTypes(form.types(isDescribed))
      stack = tables.nextAddress
      var words: [UInt8] = []
      for word in stackOf(text, stack) { words.appendLittleEndian(word) }
      tables.place(words)
    }

    func trace(ip: UInt64, sp: UInt64 = 0, bp: UInt64 = 0, r10: UInt64 = 0) throws -> StackTrace {
      let opened = try tables.open()
      var memory = try opened.crashed.memory(of: opened.physical)
      let unwinder = Unwinder(opened.kernel, modules: nil, in: &memory)
      let registers = Registers(.x86_64) { index in
        switch X86Registers.Name(rawValue: index) {
        case .ip: self.tables.kernel.text &+ ip
        case .sp: self.stack &+ sp
        case .bp: bp
        case .r10: r10
        case .cs: 0x10
        default: 0
        }
      }
      return unwinder.trace(registers, in: &memory)
    }
  }

  /// Addresses of frames, from the beginning of the text.
  private func offsets(_ trace: StackTrace, _ fixture: Fixture) -> [UInt64] {
    trace.frames.map { $0.address &- fixture.tables.kernel.text }
  }

  @Test(
    "Calls, by the stack's pointer and by the frame's, interrupts, and the end", arguments: Form.allCases,
    [true, false])
  func walk(form: Form, isDescribed: Bool) throws {
    let fixture = Fixture(form, isDescribed: isDescribed) { text, stack in
      var words = [UInt64](repeating: 0, count: 64)
      // 0x110 was called from 0x210, which has a frame pointer ..
      words[1] = text + 0x210
      // .. at word 4: its caller's pointer, and where it returns: an interrupt's entry.
      words[4] = 0xbbbb
      words[5] = text + 0x310
      // struct pt_regs: 0x710 was interrupted, on a stack further on.
      words[6 + 4] = stack + 320
      words[6 + 16] = text + 0x710
      words[6 + 17] = 0x10
      words[6 + 19] = stack + 240
      // Its stack pointer points to where the frame ends.
      words[30] = stack + 256
      words[32] = text + 0x410
      // What the processor saved: ip, cs, flags, sp, ss; behind one word.
      words[34] = text + 0x510
      words[35] = 0x10
      words[37] = stack + 400
      return words
    }
    let trace = try fixture.trace(ip: 0x110, bp: fixture.stack + 32)
    #expect(offsets(trace, fixture) == [0x110, 0x210, 0x310, 0x710, 0x410, 0x510], "\(trace)")
    #expect(trace.end == .whole)
    #expect(trace.frames.map(\.isExact) == [true, false, false, true, false, true])
    #expect(trace.frames.dropFirst().allSatisfy { $0.isGuess == false })
  }

  @Test("A system call's registers are the end: user space", arguments: Form.allCases)
  func user(form: Form) throws {
    let fixture = Fixture(form) { text, _ in
      var words = [UInt64](repeating: 0, count: 32)
      words[1] = text + 0x310
      words[2 + 16] = 0x47b7a0
      words[2 + 17] = 0x33
      return words
    }
    let trace = try fixture.trace(ip: 0x110)
    #expect(offsets(trace, fixture) == [0x110, 0x310] && trace.end == .user(ip: 0x47b7a0))
  }

  @Test(
    "A task that has never run stands at the first instruction of its code, whatever lies before that",
    arguments: ["ret_from_fork", "ret_from_fork_asm"])
  func birth(symbol: String) throws {
    let fixture = Fixture(.kinds) { text, _ in [0xbbbb, text + 0x500, 0xf000_ff53_f000_e2c3] }
    let frame = SleepingFrame(framePointer: 0, returnAddress: 8, byteCount: 16)
    func trace() throws -> StackTrace {
      let opened = try fixture.tables.open()
      var memory = try opened.crashed.memory(of: opened.physical)
      return Unwinder(opened.kernel, modules: nil, in: &memory)
        .trace(sleeping: VirtualAddress(fixture.stack), frame: frame, &memory)
    }
    guard case .lost = try trace().end else { throw Unexpected() }
    fixture.tables.setSymbol(symbol, fixture.tables.kernel.text + 0x500)
    let born = try trace()
    #expect(offsets(born, fixture) == [0x500] && born.end == .whole && born.frames[0].isExact, "\(born)")
  }

  @Test("A register of the interrupted processor is good in its own frame and in no other")
  func register() throws {
    let fixture = Fixture(.kinds) { text, _ in [text + 0x810, 0, text + 0x510] }
    let good = try fixture.trace(ip: 0x810, r10: fixture.stack)
    #expect(offsets(good, fixture).prefix(2) == [0x810, 0x810])
    guard case .lost(let reason) = good.end else { throw Unexpected() }
    #expect(reason.contains("a register"))
  }

  private struct Unexpected: Error {}

  @Test("Where the code was nowhere, what the stack ends with is the caller, and is said to be a guess")
  func jumpedAway() throws {
    let fixture = Fixture(.kinds) { text, _ in [text + 0x510, 0] }
    let trace = try fixture.trace(ip: 0 &- fixture.tables.kernel.text)
    #expect(trace.frames.map(\.address) == [0, fixture.tables.kernel.text + 0x510] && trace.end == .whole)
    #expect(trace.frames[1].origin == .stackEnd && trace.frames[1].isGuess)
    let nowhere = Fixture(.kinds) { _, _ in [0x1234, 0] }
    guard case .lost = try nowhere.trace(ip: 0 &- nowhere.tables.kernel.text).end else { throw Unexpected() }
  }

  @Test("A stack that leads back to itself, one that leads nowhere and one that is not there end in words")
  func broken() throws {
    let ring = Fixture(.kinds) { text, stack in
      var words = [UInt64](repeating: 0, count: 32)
      words[1] = text + 0x310
      words[2 + 16] = text + 0x110
      words[2 + 17] = 0x10
      words[2 + 19] = stack
      return words
    }
    #expect(try ring.trace(ip: 0x110).end == .lost("the stack leads back to itself"))
    let nowhere = Fixture(.kinds) { _, _ in [0, 0x1234] }
    guard case .lost(let words) = try nowhere.trace(ip: 0x110).end else { throw Unexpected() }
    #expect(words.contains("no code"))
    let absent = Fixture(.kinds) { _, _ in [] }
    guard case .lost(let reason) = try absent.trace(ip: 0x110, sp: 0 &- 1 << 40).end else {
      throw Unexpected()
    }
    #expect(reason.contains("not mapped"), "\(reason)")
    guard case .lost = try absent.trace(ip: 0x610).end else { throw Unexpected() }
  }

  @Test("A kernel without tables says so")
  func noTables() throws {
    let tables = KernelWithTables()
    tables.setSymbol("_etext", tables.kernel.text + 0x1000)
    let opened = try tables.open()
    var memory = try opened.crashed.memory(of: opened.physical)
    let unwinder = Unwinder(opened.kernel, modules: nil, in: &memory)
    #expect(!unwinder.hasTables)
    let text = tables.kernel.text
    let trace = unwinder.trace(
      Registers(.x86_64) { $0 == 16 ? text + 0x10 : $0 == 17 ? 0x10 : 0 }, in: &memory)
    #expect(trace.frames.count == 1 && trace.end == .lost("the kernel has no ORC tables that can be found"))
  }
}
