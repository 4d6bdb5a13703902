/// How to get from one frame to the one that called it: `struct orc_entry` of arch/x86/include/asm/orc_types.h.
struct OrcEntry {
  /// What lies at the place that the entry leads to.
  enum Kind {
    /// Nobody knows how to go on.
    case undefined
    /// The first frame of a stack.
    case end
    /// A return address.
    case call
    /// A `struct pt_regs`.
    case registers
    /// The part of it that the processor saves: from `ip` on.
    case partialRegisters
  }

  let stackBase: OrcBase
  let stackOffset: Int
  let framePointerBase: OrcBase
  let framePointerOffset: Int
  let kind: Kind

  /// Of a function that was not there: its caller's return address is all that was pushed (`null_orc_entry`).
  static let called = OrcEntry(
    stackBase: .sp, stackOffset: 8, framePointerBase: .undefined, framePointerOffset: 0, kind: .call)
  /// Of code that keeps frame pointers, such as BPF programs (`orc_fp_entry`).
  static let framePointer = OrcEntry(
    stackBase: .bp, stackOffset: 16, framePointerBase: .previousStack, framePointerOffset: -16, kind: .call)
}
