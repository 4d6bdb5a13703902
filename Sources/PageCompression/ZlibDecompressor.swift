#if !Libdeflate
  internal import CZlib

  /// A zlib decompressor, made once and reset for each page.
  @safe
  struct ZlibDecompressor: ~Copyable, Sendable {
    nonisolated(unsafe) private let stream: UnsafeMutablePointer<z_stream>

    init() throws(CompressionError) {
      guard let stream = unsafe czlib_make_decompressor() else { throw .outOfMemory(.zlib) }
      unsafe self.stream = stream
    }

    deinit {
      unsafe czlib_free_decompressor(stream)
    }

    /// Decompresses a stream that fills all of the output.
    ///
    /// - Returns: the bytes that are the stream's; nil where there is none of just this size.
    func decompress(_ stored: RawSpan, into page: inout MutableRawSpan) -> Int? {
      unsafe stored.withUnsafeBytes { input in
        unsafe page.withUnsafeMutableBytes { output in
          guard unsafe inflateReset(stream) == Z_OK else { return nil }
          unsafe czlib_set_buffers(
            stream, input.baseAddress, UInt32(input.count), output.baseAddress, UInt32(output.count))
          // A stream that wants a dictionary (Z_NEED_DICT) or more room (Z_BUF_ERROR) is none of a page.
          guard unsafe inflate(stream, Z_FINISH) == Z_STREAM_END, unsafe stream.pointee.avail_out == 0 else {
            return nil
          }
          return unsafe Int(stream.pointee.total_in)
        }
      }
    }
  }
#endif
