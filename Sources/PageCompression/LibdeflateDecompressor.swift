#if Libdeflate
  internal import CDeflate

  /// A libdeflate decompressor, made once.
  @safe
  struct LibdeflateDecompressor: ~Copyable, Sendable {
    nonisolated(unsafe) private let decompressor: OpaquePointer

    init() throws(CompressionError) {
      guard let decompressor = unsafe libdeflate_alloc_decompressor() else { throw .outOfMemory(.zlib) }
      unsafe self.decompressor = decompressor
    }

    deinit {
      unsafe libdeflate_free_decompressor(decompressor)
    }

    /// Decompresses a stream that fills all of the output.
    ///
    /// - Returns: the bytes that are the stream's; nil where there is none of just this size.
    @_lifetime(page: copy page)
    func decompress(_ stored: RawSpan, into page: inout MutableRawSpan) -> Int? {
      var consumed = 0
      let isWhole = unsafe stored.withUnsafeBytes { input in
        unsafe page.withUnsafeMutableBytes { output in
          // Without a place for the length, libdeflate insists on all of the output being filled.
          unsafe libdeflate_zlib_decompress_ex(
            decompressor, input.baseAddress, input.count, output.baseAddress, output.count, &consumed, nil)
            == LIBDEFLATE_SUCCESS
        }
      }
      return isWhole ? consumed : nil
    }
  }
#endif
