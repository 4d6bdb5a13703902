/// What the registers of an arm64 processor held: `struct user_pt_regs`, which `struct pt_regs` begins with.
public struct ARM64Registers: Hashable, Sendable {
  /// x0 to x30, sp, pc, pstate.
  private let words: [UInt64]

  static let wordCount = 34

  init(_ word: (Int) -> UInt64) {
    words = (0..<Self.wordCount).map(word)
  }

  /// x0 to x30.
  func x(_ number: Int) -> UInt64 { words[number] }

  /// x29, by which frame records are found.
  public var framePointer: UInt64 { words[29] }
  public var sp: UInt64 { words[31] }
  public var pc: UInt64 { words[32] }
  public var pstate: UInt64 { words[33] }

  /// Whether the processor ran a program, and not the kernel: PSTATE.M[3:0] is EL0.
  public var isOfUser: Bool { pstate & 0xf == 0 }

  /// In the order in which they are shown, which is the kernel's own, `lr` being x30.
  var shown: [(name: String, value: UInt64)] {
    [("pc", pc), ("lr", x(30)), ("sp", sp), ("pstate", pstate)]
      + (0...29).reversed().map { ("x\($0)", x($0)) }
  }
}
