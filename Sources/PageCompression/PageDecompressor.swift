internal import CDeflate
internal import CLZO
internal import CSnappy
internal import CZstd

/// Makes a page out of its stored bytes, with contexts that are made once: one decompressor per thread.
///
/// The stored bytes may be anything: nothing is written behind the page, and nothing is allocated for what
/// they claim to hold.
@safe
public struct PageDecompressor: ~Copyable, Sendable {
  nonisolated(unsafe) let deflate: OpaquePointer
  nonisolated(unsafe) let zstd: OpaquePointer

  /// - Throws: ``CompressionError`` if a codec gets no memory or its library does not fit.
  public init() throws(CompressionError) {
    guard clzo_init() == LZO_E_OK else { throw .unusableLibrary(.lzo) }
    guard let deflate = unsafe libdeflate_alloc_decompressor() else { throw .outOfMemory(.zlib) }
    guard let zstd = unsafe ZSTD_createDCtx() else {
      unsafe libdeflate_free_decompressor(deflate)
      throw .outOfMemory(.zstd)
    }
    unsafe self.deflate = deflate
    unsafe self.zstd = zstd
  }

  deinit {
    unsafe libdeflate_free_decompressor(deflate)
    unsafe ZSTD_freeDCtx(zstd)
  }

  /// Decompresses a page.
  ///
  /// - Parameters:
  ///   - codec: what compressed it; ``Codec/none`` copies.
  ///   - page: room for exactly the page; undefined where false is returned.
  /// - Returns: whether the bytes are sound and make a page of just this size.
  public mutating func decompress(_ stored: RawSpan, codec: Codec, into page: inout MutableRawSpan) -> Bool {
    guard stored.byteCount > 0 else { return false }
    return unsafe stored.withUnsafeBytes { input in
      unsafe page.withUnsafeMutableBytes { output in
        switch codec {
        case .none: unsafe Self.copy(input, to: output)
        case .zlib: unsafe inflate(input, to: output)
        case .lzo: unsafe Self.decompressLZO(input, to: output)
        case .snappy: unsafe Self.decompressSnappy(input, to: output)
        case .zstd:
          unsafe ZSTD_decompressDCtx(zstd, output.baseAddress, output.count, input.baseAddress, input.count)
            == output.count
        }
      }
    }
  }

  private static func copy(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Bool
  {
    guard input.count == output.count else { return false }
    unsafe output.copyMemory(from: input)
    return true
  }

  private func inflate(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Bool {
    // Without a place for the length, libdeflate insists on all of the output being filled.
    unsafe libdeflate_zlib_decompress(
      deflate, input.baseAddress, input.count, output.baseAddress, output.count, nil) == LIBDEFLATE_SUCCESS
  }

  private static func decompressLZO(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    var length = lzo_uint(output.count)
    let status = unsafe lzo1x_decompress_safe(
      input.baseAddress, lzo_uint(input.count), output.baseAddress, &length, nil)
    return status == LZO_E_OK && Int(length) == output.count
  }

  private static func decompressSnappy(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    // Snappy checks the block's own claim of its length against the room.
    var length = output.count
    let status = unsafe snappy_uncompress(input.baseAddress, input.count, output.baseAddress, &length)
    return status == SNAPPY_OK && length == output.count
  }
}
