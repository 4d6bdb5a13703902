internal import CDeflate

/// A libdeflate compressor: some 200 KiB at level 1, made once.
@safe
struct DeflateContext: ~Copyable, Sendable {
  nonisolated(unsafe) private let compressor: OpaquePointer

  /// makedumpfile's level as well (`Z_BEST_SPEED`).
  private static let level: Int32 = 1

  init() throws(CompressionError) {
    guard let compressor = unsafe libdeflate_alloc_compressor(DeflateContext.level) else {
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

  func compress(_ page: RawSpan, into output: inout MutableRawSpan) -> Int? {
    if RandomnessTest.isNoise(page) { return nil }
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
