internal import CLZO
internal import CSnappy
internal import CZstd
internal import Platform

/// Makes a page out of its stored bytes, with contexts that are made once: one decompressor per thread.
///
/// The stored bytes may be anything: nothing is written behind the page, and nothing is allocated for what
/// they claim to hold.
@safe
public struct PageDecompressor: ~Copyable, Sendable {
  let zlib: ZlibFormat.Decompressor
  nonisolated(unsafe) let zstd: OpaquePointer

  /// - Throws: ``CompressionError`` if a codec gets no memory or its library does not fit.
  public init() throws(CompressionError) {
    guard clzo_init() == LZO_E_OK else { throw .unusableLibrary(.lzo) }
    let zlib = try ZlibFormat.Decompressor()
    guard let zstd = unsafe ZSTD_createDCtx() else { throw .outOfMemory(.zstd) }
    self.zlib = zlib
    unsafe self.zstd = zstd
  }

  deinit {
    unsafe ZSTD_freeDCtx(zstd)
  }

  /// Decompresses a page.
  ///
  /// - Parameters:
  ///   - codec: what compressed it; ``Codec/none`` copies.
  ///   - page: room for exactly the page; undefined where false is returned.
  /// - Returns: whether the bytes are sound and make a page of just this size.
  @_lifetime(page: copy page)
  public mutating func decompress(_ stored: RawSpan, codec: Codec, into page: inout MutableRawSpan) -> Bool {
    guard stored.byteCount > 0 else { return false }
    return switch codec {
    case .none: Self.copy(stored, to: &page)
    case .zlib: zlib.decompress(stored, into: &page) != nil
    case .lzo: Self.decompressLZO(stored, into: &page)
    case .snappy: Self.decompressSnappy(stored, into: &page)
    case .zstd: decompressZstd(stored, into: &page)
    }
  }

  @_lifetime(page: copy page)
  private static func copy(_ stored: RawSpan, to page: inout MutableRawSpan) -> Bool {
    guard stored.byteCount == page.byteCount else { return false }
    page.copy(stored, at: 0)
    return true
  }

  @_lifetime(page: copy page)
  private static func decompressLZO(_ stored: RawSpan, into page: inout MutableRawSpan) -> Bool {
    unsafe stored.withUnsafeBytes { input in
      unsafe page.withUnsafeMutableBytes { output in
        var length = lzo_uint(output.count)
        let status = unsafe lzo1x_decompress_safe(
          input.baseAddress, lzo_uint(input.count), output.baseAddress, &length, nil)
        return status == LZO_E_OK && Int(length) == output.count
      }
    }
  }

  @_lifetime(page: copy page)
  private static func decompressSnappy(_ stored: RawSpan, into page: inout MutableRawSpan) -> Bool {
    unsafe stored.withUnsafeBytes { input in
      unsafe page.withUnsafeMutableBytes { output in
        // Snappy checks the block's own claim of its length against the room.
        var length = output.count
        let status = unsafe snappy_uncompress(input.baseAddress, input.count, output.baseAddress, &length)
        return status == SNAPPY_OK && length == output.count
      }
    }
  }

  @_lifetime(page: copy page)
  private func decompressZstd(_ stored: RawSpan, into page: inout MutableRawSpan) -> Bool {
    unsafe stored.withUnsafeBytes { input in
      unsafe page.withUnsafeMutableBytes { output in
        unsafe ZSTD_decompressDCtx(zstd, output.baseAddress, output.count, input.baseAddress, input.count)
          == output.count
      }
    }
  }
}
