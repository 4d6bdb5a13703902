/// What reads and writes zlib's format (RFC 1950): libdeflate, or zlib where the trait `Libdeflate` is not set.
public enum ZlibFormat {
  #if Libdeflate
    typealias Compressor = LibdeflateCompressor
    typealias Decompressor = LibdeflateDecompressor
    /// The library's name.
    public static let library = "libdeflate"
  #else
    typealias Compressor = ZlibCompressor
    typealias Decompressor = ZlibDecompressor
    /// The library's name.
    public static let library = "zlib"
  #endif

  /// makedumpfile's level as well (`Z_BEST_SPEED`).
  static let usualLevel: Int32 = 1
}
