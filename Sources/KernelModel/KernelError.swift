public import DumpMemory
public import Platform

/// Why something of the dead kernel could not be found or understood, in words that follow its source's name: each case
/// with the place and the cause.
public enum KernelError: Error, CustomStringConvertible {
  /// The source has nothing of the kind, or not for this kernel.
  case absent(String)
  /// The source contradicts itself, or the kernel that it should describe.
  case malformed(String)
  /// What the user wrote is not of the form that it should have; the line, counted from 1.
  case syntax(line: Int, String)
  /// The dump lacks a piece of memory that the source needs.
  case unreadable(String, VmcoreError)
  case system(SystemError)

  /// Runs a body whose only failures are system calls.
  public static func wrapping<Result: ~Copyable>(
    _ body: () throws(SystemError) -> Result
  ) throws(KernelError) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }

  /// Runs a body that reads the crashed kernel's memory.
  public static func reading<Result: ~Copyable>(
    _ what: String, _ body: () throws(VmcoreError) -> Result
  ) throws(KernelError) -> Result {
    do throws(VmcoreError) { return try body() } catch { throw .unreadable(what, error) }
  }

  /// The same error, said of a file.
  func following(_ path: String) -> KernelError {
    switch self {
    case .absent(let what): .absent("\(path): \(what)")
    case .malformed(let what): .malformed("\(path): \(what)")
    case .unreadable(let what, let error): .unreadable("\(path): \(what)", error)
    case .syntax, .system: self
    }
  }

  public var description: String {
    switch self {
    case .absent(let what), .malformed(let what): what
    case .syntax(let line, let what): "line \(line): \(what)"
    case .unreadable(let what, let error): "\(what) cannot be read: \(error)"
    case .system(let error): error.description
    }
  }
}
