public import DumpMemory
public import Platform

/// Why a dump could not be made, or not to its end: each case with the place and the cause.
public enum DumpError: Error, Equatable, CustomStringConvertible {
  /// The filesystem is full, the user over quota, or the file as large as it may be.
  case noSpace(SystemError)
  /// The file would grow past the size, in bytes, that the user set.
  case sizeLimit(UInt64)
  /// The disk failed, or anything else.
  case failed(SystemError)
  /// The pages that were handed over are not those that the bitmap promises: a defect of the caller.
  case pageCount(written: UInt64, promised: UInt64)
  /// What was written is not what was to be, in words that follow its path.
  case miswritten(path: String, String)
  /// What was written cannot be read, or what it is made of.
  case unreadable(VmcoreError)

  // MARK: Of a flattened stream that is made a file, in words that follow its name

  case emptyStream
  case foreignStream
  /// A type or version that is not known.
  case unknownStream(type: Int64, version: Int64)
  /// It ended before its end record, after so many bytes of it.
  case cutStream(after: UInt64)
  /// What should be a record at this place of it is none.
  case damagedStream(at: UInt64)

  init(_ error: SystemError) {
    self = error.code.meansNoSpace ? .noSpace(error) : .failed(error)
  }

  /// Whether a dump that leaves out more pages might fit.
  public var meansNoSpace: Bool {
    switch self {
    case .noSpace, .sizeLimit: true
    default: false
    }
  }

  /// Whether what came of a stream may be worth keeping.
  public var leavesPart: Bool {
    switch self {
    case .cutStream, .damagedStream: true
    default: false
    }
  }

  public var description: String {
    switch self {
    case .noSpace(let error), .failed(let error): error.description
    case .sizeLimit(let limit): "the dump would be larger than \(limit) bytes"
    case .pageCount(let written, let promised): "\(written) pages were written, but \(promised) were promised"
    case .miswritten(let path, let what): "\(path): \(what)"
    case .unreadable(let error): error.description
    case .emptyStream: "nothing came: no flattened dump"
    case .foreignStream: "not a flattened dump, which begins with `makedumpfile'"
    case .unknownStream(let type, let version):
      "a flattened dump of type \(type) and version \(version); 1 and 1 are known"
    case .cutStream(let count): "the stream was cut after \(count) bytes: it has no end record"
    case .damagedStream(let place): "the stream is damaged: there is no record at byte \(place)"
    }
  }
}
