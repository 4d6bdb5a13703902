/// What the registers of an x86_64 processor held: `struct pt_regs`, and the first words of `struct user_regs_struct`, which are the same.
public struct X86Registers: Hashable, Sendable {
  /// In the kernel's order.
  public enum Name: Int, CaseIterable, Sendable {
    case r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di
    case origAX = 15
    case ip, cs, flags, sp, ss

    /// As the kernel prints it.
    public var text: String {
      switch self {
      case .origAX: "ORIG_RAX"
      case .cs, .ss: "\(self)".uppercased()
      case .flags: "EFLAGS"
      case .r8, .r9, .r10, .r11, .r12, .r13, .r14, .r15: "\(self)".uppercased()
      default: "R" + "\(self)".uppercased()
      }
    }
  }

  private var words: [UInt64]

  static let wordCount = 21

  init(_ word: (Int) -> UInt64) {
    words = (0..<Self.wordCount).map(word)
  }

  public subscript(name: Name) -> UInt64 { words[name.rawValue] }

  /// In the order in which they are shown.
  var shown: [(name: String, value: UInt64)] {
    let order: [Name] = [
      .ip, .sp, .flags, .ax, .bx, .cx, .dx, .si, .di, .bp, .r8, .r9, .r10, .r11, .r12, .r13, .r14, .r15, .cs,
      .ss,
      .origAX,
    ]
    return order.map { ($0.text, self[$0]) }
  }

  /// Whether the processor ran a program, and not the kernel.
  public var isOfUser: Bool { self[.cs] & 3 == 3 }
}
