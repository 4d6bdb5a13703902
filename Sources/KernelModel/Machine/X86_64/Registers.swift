/// What a processor's registers held: `struct pt_regs`, and the first words of `struct user_regs_struct`, which are the same.
public struct Registers: Sendable {
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

  private var words: [21 of UInt64]

  static let byteCount = 21 * 8
  /// Where the processor's own part begins: ip, cs, flags, sp, ss.
  static let partialOffset = Name.ip.rawValue * 8
  /// Of `pr_reg` in `struct elf_prstatus`.
  static let offsetInStatus = 112
  /// Of the descriptor in the note of a processor: Elf64_Nhdr, and `CORE` with its padding.
  static let descriptorOffset = 20

  init(_ word: (Int) -> UInt64) {
    words = .init(repeating: 0)
    for index in 0..<21 { words[index] = word(index) }
  }

  public subscript(name: Name) -> UInt64 { words[name.rawValue] }

  /// Whether the processor ran a program, and not the kernel.
  public var isOfUser: Bool { self[.cs] & 3 == 3 }
}
