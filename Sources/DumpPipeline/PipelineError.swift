public import Diskdump
public import DumpMemory
public import PageCompression
public import Platform

/// What ends a dump before its last page.
public enum PipelineError: Error, CustomStringConvertible {
  case write(DumpError)
  /// Which pages the vmcore has could not be read.
  case read(VmcoreError)
  /// A thread's windows or batches, or a set of frames, could not be had: usually for want of memory.
  case system(SystemError)
  /// A codec could not be had.
  case codec(CompressionError)
  /// The time that the user gave was over. The writer has closed the dump.
  case deadline

  public var description: String {
    switch self {
    case .write(let error): error.description
    case .read(let error): error.description
    case .system(let error): (error.code == .outOfMemory ? "not enough memory: " : "") + error.description
    case .codec(let error): error.description
    case .deadline: "the deadline has come"
    }
  }
}
