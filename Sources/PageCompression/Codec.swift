/// How the pages of a dump are compressed; each page by itself.
public enum Codec: Hashable, Sendable, CaseIterable {
  case none
  /// zlib's format (RFC 1950), which libdeflate writes 2.7 times faster than zlib itself.
  case zlib
  /// LZO1X-1, without any framing.
  case lzo
  /// Snappy's block format, without its framing.
  case snappy
  /// One Zstandard frame (RFC 8878).
  case zstd

  /// The word for it in messages.
  public var name: String {
    switch self {
    case .none: "raw"
    case .zlib: "zlib"
    case .lzo: "lzo"
    case .snappy: "snappy"
    case .zstd: "zstd"
    }
  }
}
