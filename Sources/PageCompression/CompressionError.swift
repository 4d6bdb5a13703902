public import Platform

/// Why a worker cannot have a compressor.
public enum CompressionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The codec's context does not fit into memory.
  case outOfMemory(Codec)
  /// The codec's library does not fit this program: LZO found other integer sizes than it was built for.
  case unusableLibrary(Codec)

  public var description: String {
    switch self {
    case .outOfMemory(let codec): "no memory for the \(codec.name) compressor"
    case .unusableLibrary(let codec): "the \(codec.name) library cannot be used"
    }
  }

  /// The same for whom a codec is one of many things that the system may refuse.
  public var systemError: SystemError {
    switch self {
    case .outOfMemory: SystemError("malloc", subject: description, code: .outOfMemory)
    case .unusableLibrary:
      SystemError("lzo_init", subject: description, code: .invalidArgument, reason: "it was built otherwise")
    }
  }
}
