public import Platform

/// Why a vmcore could not be opened or its kernel not be understood.
public enum VmcoreError: Error, CustomStringConvertible {
  case system(SystemError)
  /// The file is something else: what it looks like, in words that follow the path.
  case foreign(path: String, String)
  /// The file says it is a core and then contradicts itself; `at` is where.
  case malformed(path: String, at: FileOffset, String)
  /// What was written is not what was to be, in words that follow its path.
  case miswritten(path: String, String)

  /// Runs a body whose only failures are system calls.
  public static func wrapping<Result: ~Copyable>(
    _ body: () throws(SystemError) -> Result
  ) throws(VmcoreError) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }

  public var description: String {
    switch self {
    case .system(let error): error.description
    case .foreign(let path, let what), .miswritten(let path, let what): "\(path): \(what)"
    case .malformed(let path, let offset, let what):
      "\(path): damaged at offset 0x\(String(offset.rawValue, radix: 16)): \(what)"
    }
  }
}
