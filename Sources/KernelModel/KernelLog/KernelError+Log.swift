extension KernelError {
  /// VMCOREINFO does not say where the log is, or how it is laid out; the line that is missing.
  static func unknownLog(_ line: String) -> KernelError {
    .absent("VMCOREINFO has no \(line), without which the kernel's log cannot be found")
  }

  /// The log contradicts itself; what came before is good.
  static func damagedLog(_ what: String) -> KernelError { .malformed("the kernel's log is damaged: \(what)") }
}
