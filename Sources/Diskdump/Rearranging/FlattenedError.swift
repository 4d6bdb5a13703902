public import Platform

/// Why a flattened stream could not be made a file, or not all of it; in words that follow the stream's name.
public enum FlattenedError: Error, CustomStringConvertible {
  case empty
  case foreign
  /// A type or version that is not known.
  case unknown(type: Int64, version: Int64)
  /// The stream ended before its end record, after so many bytes of it.
  case cut(after: UInt64)
  /// What should be a record at this place of the stream is none.
  case damaged(at: UInt64)
  case failed(SystemError)

  /// Whether what came before may be worth keeping.
  public var isPartial: Bool {
    switch self {
    case .cut, .damaged: true
    default: false
    }
  }

  public var description: String {
    switch self {
    case .empty: "nothing came: no flattened dump"
    case .foreign: "not a flattened dump, which begins with `makedumpfile'"
    case .unknown(let type, let version):
      "a flattened dump of type \(type) and version \(version); 1 and 1 are known"
    case .cut(let count): "the stream was cut after \(count) bytes: it has no end record"
    case .damaged(let place): "the stream is damaged: there is no record at byte \(place)"
    case .failed(let error): "\(error)"
    }
  }
}
