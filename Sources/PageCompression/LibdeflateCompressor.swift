#if Libdeflate
  internal import CDeflate

  /// A libdeflate compressor, made once.
  @safe
  struct LibdeflateCompressor: ~Copyable, Sendable {
    nonisolated(unsafe) private let compressor: OpaquePointer

    static let levels: ClosedRange<Int32> = 1...12

    /// Bytes that a compressor takes (libdeflate 1.14 on x86_64).
    static func byteCount(level: Int32) -> Int {
      switch level {
      case ...1: 200 << 10
      case ...9: 656 << 10
      default: 8800 << 10
      }
    }

    init(level: Int32) throws(CompressionError) {
      guard let compressor = unsafe libdeflate_alloc_compressor(level) else {
        throw .outOfMemory(.zlib)
      }
      unsafe self.compressor = compressor
    }

    deinit {
      unsafe libdeflate_free_compressor(compressor)
    }

    /// The room that a page's stream may take: libdeflate gives up by itself where that is not enough.
    static func outputBound(pageSize: Int) -> Int {
      pageSize
    }

    @_lifetime(output: copy output)
    func compress(_ page: RawSpan, into output: inout MutableRawSpan) -> Int? {
      let limit = min(output.byteCount, page.byteCount - 1)
      let length = unsafe page.withUnsafeBytes { input in
        unsafe output.withUnsafeMutableBytes { output in
          unsafe libdeflate_zlib_compress(
            compressor, input.baseAddress, input.count, output.baseAddress, limit)
        }
      }
      return length > 0 ? length : nil
    }
  }
#endif
