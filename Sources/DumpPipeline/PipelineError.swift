public import Diskdump

/// What ends a dump before its last page.
public enum PipelineError: Error, CustomStringConvertible {
  case write(DumpWriteError)
  /// There is no memory even for one thread.
  case noMemory(String)

  public var description: String {
    switch self {
    case .write(let error): error.description
    case .noMemory(let what): "not enough memory: \(what)"
    }
  }
}
