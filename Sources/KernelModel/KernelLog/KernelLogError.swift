public import DumpMemory

/// Why the log of the dead kernel, or the rest of it, cannot be read.
public enum KernelLogError: Error, Sendable, CustomStringConvertible {
  /// VMCOREINFO does not say where the log is, or how it is laid out; the line that is missing.
  case unknown(String)
  case unreadable(MemoryError)
  /// The log contradicts itself; what came before is good.
  case damaged(String)
  case noMemory

  public var description: String {
    switch self {
    case .unknown(let what): "VMCOREINFO has no \(what), without which the kernel's log cannot be found"
    case .unreadable(let error): "the kernel's log cannot be read: \(error)"
    case .damaged(let what): "the kernel's log is damaged: \(what)"
    case .noMemory: "there is no memory to read the kernel's log"
    }
  }
}
