public import Platform

/// Why a dump could not be written to its end.
public enum DumpWriteError: Error, Equatable, CustomStringConvertible {
  /// The filesystem is full, the user over quota, or the file as large as it may be.
  case noSpace(SystemError)
  /// The file would grow past the size, in bytes, that the user set.
  case sizeLimit(UInt64)
  /// The disk failed, or anything else.
  case failed(SystemError)
  /// The pages that were handed over are not those that the bitmap promises: a defect of the caller.
  case pageCount(written: UInt64, promised: UInt64)

  init(_ error: SystemError) {
    self = error.code.meansNoSpace ? .noSpace(error) : .failed(error)
  }

  /// Whether a dump that leaves out more pages might fit.
  public var meansNoSpace: Bool {
    switch self {
    case .noSpace, .sizeLimit: true
    case .failed, .pageCount: false
    }
  }

  public var description: String {
    switch self {
    case .noSpace(let error), .failed(let error): "\(error)"
    case .sizeLimit(let limit): "the dump would be larger than \(limit) bytes"
    case .pageCount(let written, let promised): "\(written) pages were written, but \(promised) were promised"
    }
  }
}
