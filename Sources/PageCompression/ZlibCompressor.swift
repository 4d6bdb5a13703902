#if !Libdeflate
  internal import CZlib

  /// A zlib compressor, made once and reset for each page.
  @safe
  struct ZlibCompressor: ~Copyable, Sendable {
    nonisolated(unsafe) private let stream: UnsafeMutablePointer<z_stream>

    static let levels: ClosedRange<Int32> = 1...9

    /// A window of 8 KiB has all of a page and what zlib looks ahead (`MIN_LOOKAHEAD`). Its tables of 32,768 entries are cleared for
    /// each page; smaller ones are slower on real pages, with more bytes (Benchmarks/NOTES.md).
    private static let windowBits: Int32 = 13
    private static let memoryLevel: Int32 = 8

    /// Bytes that a compressor takes (zconf.h), and its own state.
    static func byteCount(level: Int32) -> Int {
      1 << (Int(windowBits) + 2) + 1 << (Int(memoryLevel) + 9) + 8 << 10
    }

    init(level: Int32) throws(CompressionError) {
      guard
        let stream = unsafe czlib_make_compressor(
          level, ZlibCompressor.windowBits, ZlibCompressor.memoryLevel)
      else { throw .outOfMemory(.zlib) }
      unsafe self.stream = stream
    }

    deinit {
      unsafe czlib_free_compressor(stream)
    }

    /// The room that a page's stream may take: zlib stops where that is not enough.
    static func outputBound(pageSize: Int) -> Int {
      pageSize
    }

    func compress(_ page: RawSpan, into output: inout MutableRawSpan) -> Int? {
      let limit = min(output.byteCount, page.byteCount - 1)
      return unsafe page.withUnsafeBytes { input in
        unsafe output.withUnsafeMutableBytes { output in
          guard unsafe deflateReset(stream) == Z_OK else { return nil }
          unsafe czlib_set_buffers(
            stream, input.baseAddress, UInt32(input.count), output.baseAddress, UInt32(limit))
          return unsafe deflate(stream, Z_FINISH) == Z_STREAM_END ? Int(stream.pointee.total_out) : nil
        }
      }
    }
  }
#endif
