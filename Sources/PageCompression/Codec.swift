/// How the pages of a dump are compressed; each page by itself.
public enum Codec: Hashable, Sendable, CaseIterable {
  case none
  /// zlib's format (RFC 1950), which libdeflate writes 2.7 times faster than zlib itself; see ``ZlibFormat``.
  case zlib
  /// LZO1X, without any framing.
  case lzo
  /// Snappy's block format, without its framing.
  case snappy
  /// One Zstandard frame (RFC 8878).
  case zstd

  /// The levels that it has, from the fastest to the one with the fewest bytes; nil for a codec without any.
  public var levels: ClosedRange<Int32>? {
    switch self {
    case .zlib: ZlibFormat.Compressor.levels
    case .zstd: ZstdContext.levels
    case .none, .lzo, .snappy: nil
    }
  }

  /// Bytes that a compressor's context takes at most.
  ///
  /// - Parameter level: one of ``levels``; nil for the usual one.
  public func contextSize(level: Int32?) -> Int {
    switch self {
    case .zlib: ZlibFormat.Compressor.byteCount(level: level ?? ZlibFormat.usualLevel)
    case .zstd: ZstdContext.byteCount(level: level ?? ZstdContext.usualLevel)
    case .lzo: 32 << 10
    case .none, .snappy: 0
    }
  }

  /// Bytes that any codec leaves at most of a page of one byte: snappy, the least good at it, makes 195 of 4096.
  public static func mostOfFill(pageSize: Int) -> Int { pageSize / 16 }

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
