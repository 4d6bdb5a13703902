/// The frames of a stack, the innermost first, and why there are no more.
public struct StackTrace: Hashable, Sendable {
  public enum End: Hashable, Sendable {
    /// The first frame of a kernel thread, or of a processor.
    case whole
    /// A program was interrupted, or called: what it was doing is not the kernel's.
    case user(ip: UInt64)
    /// Why the next frame is not known.
    case lost(String)
  }

  public let frames: [StackFrame]
  public let end: End
}
