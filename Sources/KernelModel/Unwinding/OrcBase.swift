/// What an ORC entry counts from (`ORC_REG_*`).
enum OrcBase {
  case undefined
  /// Where the stack pointer was before the call.
  case previousStack
  case sp
  case bp
  /// What the stack pointer points to.
  case spIndirect
  /// What lies at the frame pointer and the offset.
  case bpIndirect
  case r10
  case r13
  case di
  case dx
  case unknown

  /// The numbers of Linux 4.14 to 7.2.
  static let old: [OrcBase] = [
    .undefined, .previousStack, .dx, .di, .bp, .sp, .r10, .r13, .bpIndirect, .spIndirect,
  ]
  /// Those of 7.3, as its tables use them; none has DI.
  static let new: [OrcBase] = [
    .undefined, .unknown, .dx, .sp, .bp, .unknown, .r10, .r13, .previousStack, .spIndirect, .bpIndirect,
  ]
}
