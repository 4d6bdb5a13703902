internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import KernelModel
internal import MemoryEncryption
internal import PageCompression
internal import Platform

/// An error that a system call may be the cause of.
protocol SystemCause: Error, CustomStringConvertible {
  var systemError: SystemError? { get }
}

extension SystemCause {
  /// Whether the same may succeed at another time or on another machine.
  var mayPass: Bool { systemError?.code.mayPass ?? false }
}

extension SystemError: SystemCause {
  var systemError: SystemError? { self }
}

extension VmcoreError: SystemCause {
  var systemError: SystemError? {
    switch self {
    case .system(let error), .unreadable(_, let error): error
    case .foreign, .malformed, .hole, .notInFile, .damaged, .unmapped: nil
    }
  }
}

extension KernelError: SystemCause {
  var systemError: SystemError? {
    switch self {
    case .system(let error): error
    case .unreadable(_, let error): error.systemError
    case .absent, .malformed, .syntax: nil
    }
  }
}

extension EncryptionError: SystemCause {
  var systemError: SystemError? { if case .system(let error) = self { error } else { nil } }
}

extension DumpError: SystemCause {
  var systemError: SystemError? {
    switch self {
    case .noSpace(let error), .failed(let error): error
    case .unreadable(let error): error.systemError
    default: nil
    }
  }
}

extension PipelineError: SystemCause {
  var systemError: SystemError? {
    switch self {
    case .write(let error): error.systemError
    case .read(let error): error.systemError
    case .system(let error): error
    case .codec(let error): error.systemError
    case .deadline: nil
    }
  }
}
