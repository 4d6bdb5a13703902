public import DumpMemory
public import Platform

/// Why a source of symbols or types could not be used, in words that follow the source's name.
public enum KernelError: Error, CustomStringConvertible {
  /// The source has nothing of the kind, or not for this kernel.
  case absent(String)
  /// The source contradicts itself, or the kernel that it should describe.
  case malformed(String)
  /// The dump lacks a piece of memory that the source needs.
  case unreadable(String, MemoryError)
  case system(SystemError)

  /// Runs a body whose only failures are system calls.
  static func wrapping<Result: ~Copyable>(
    _ body: () throws(SystemError) -> Result
  ) throws(KernelError) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }

  /// Runs a body that reads the crashed kernel's memory.
  static func reading<Result: ~Copyable>(
    _ what: String, _ body: () throws(MemoryError) -> Result
  ) throws(KernelError) -> Result {
    do throws(MemoryError) { return try body() } catch { throw .unreadable(what, error) }
  }

  public var description: String {
    switch self {
    case .absent(let what), .malformed(let what): what
    case .unreadable(let what, let error): "\(what) cannot be read: \(error)"
    case .system(let error): error.description
    }
  }
}
