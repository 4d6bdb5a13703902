/// One frame of a stack.
public struct StackFrame: Hashable, Sendable {
  /// The instruction that was running, or to which a call was to return.
  public let address: UInt64
  /// Where the stack of this frame ends.
  public let stackPointer: UInt64
  /// Whether the address is that of an instruction that was to be executed next, and not one behind a call.
  public let isExact: Bool
  public let origin: Origin

  /// How a frame was found.
  public enum Origin: String, Sendable {
    /// The registers say it, of a processor or of a task that left one.
    case registers
    /// The kernel's tables lead there.
    case tables
    /// The frame record of the frame before leads there (arm64).
    case frameRecord = "frame record"
    /// The tables do not tell: it is the next return address on the stack, and the call before it is to the function of the
    /// frame before.
    case call
    /// Nor do they of code that keeps frame pointers.
    case framePointer = "frame pointer"
    /// The processor was sent where no code is; what the stack ends with is a return address.
    case stackEnd = "end of stack"
  }

  /// Whether it may be another one.
  public var isGuess: Bool { origin == .framePointer || origin == .stackEnd }

  /// An address in the function: a call may be the last instruction of one.
  var lookedUp: UInt64 { isExact ? address : address &- 1 }
}
