internal import DumpMemory

/// What a processor's registers held.
public enum Registers: Hashable, Sendable {
  case x86_64(X86Registers)
  case arm64(ARM64Registers)

  /// Of `pr_reg` in `struct elf_prstatus`.
  static let offsetInStatus = 112
  /// Of the descriptor in the note of a processor: Elf64_Nhdr, and `CORE` with its padding.
  static let descriptorOffset = 20

  /// Words of them in memory and in a note.
  static func wordCount(_ machine: MachineKind) -> Int {
    switch machine {
    case .x86_64: X86Registers.wordCount
    case .arm64: ARM64Registers.wordCount
    }
  }

  init(_ machine: MachineKind, _ word: (Int) -> UInt64) {
    switch machine {
    case .x86_64: self = .x86_64(X86Registers(word))
    case .arm64: self = .arm64(ARM64Registers(word))
    }
  }

  /// The instruction that was to be executed next.
  public var ip: UInt64 {
    switch self {
    case .x86_64(let registers): registers[.ip]
    case .arm64(let registers): registers.pc
    }
  }

  public var sp: UInt64 {
    switch self {
    case .x86_64(let registers): registers[.sp]
    case .arm64(let registers): registers.sp
    }
  }

  public var framePointer: UInt64 {
    switch self {
    case .x86_64(let registers): registers[.bp]
    case .arm64(let registers): registers.framePointer
    }
  }

  /// Whether the processor ran a program, and not the kernel.
  public var isOfUser: Bool {
    switch self {
    case .x86_64(let registers): registers.isOfUser
    case .arm64(let registers): registers.isOfUser
    }
  }

  /// All of them by their names, as the kernel prints them and in its order.
  public var shown: [(name: String, value: UInt64)] {
    switch self {
    case .x86_64(let registers): registers.shown
    case .arm64(let registers): registers.shown
    }
  }

  /// All of them in the order in which they lie in memory.
  public var stored: [(name: String, value: UInt64)] {
    switch self {
    case .x86_64(let registers): X86Registers.Name.allCases.map { ($0.text, registers[$0]) }
    case .arm64(let registers): registers.shown
    }
  }
}
