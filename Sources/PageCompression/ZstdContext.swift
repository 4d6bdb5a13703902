internal import CZstd
internal import Platform

/// A Zstandard compression context: some 71 KiB at level 1 for pages, reused for each.
@safe
struct ZstdContext: ~Copyable, Sendable {
  nonisolated(unsafe) private let context: OpaquePointer

  /// makedumpfile's level as well.
  private static let level: Int32 = 1

  init(pageSize: Int) throws(CompressionError) {
    guard let context = unsafe ZSTD_createCCtx() else { throw .outOfMemory(.zstd) }
    // zstd gets its tables with the first page. Without memory for them every page would silently be raw.
    guard unsafe ZstdContext.compressOnce(context, pageSize: pageSize) else {
      unsafe ZSTD_freeCCtx(context)
      throw .outOfMemory(.zstd)
    }
    unsafe self.context = context
  }

  deinit {
    unsafe ZSTD_freeCCtx(context)
  }

  /// With the worst case at hand, zstd need not check its output as it goes.
  static func outputBound(pageSize: Int) -> Int {
    ZSTD_compressBound(pageSize)
  }

  func compress(_ page: RawSpan, into output: inout MutableRawSpan) -> Int? {
    unsafe ZstdContext.compress(context, page, into: &output)
  }

  private static func compress(
    _ context: OpaquePointer, _ page: RawSpan, into output: inout MutableRawSpan
  ) -> Int? {
    let length = unsafe page.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { output in
        unsafe ZSTD_compressCCtx(
          context, output.baseAddress, output.count, input.baseAddress, input.count, level)
      }
    }
    return ZSTD_isError(length) == 0 ? length : nil
  }

  private static func compressOnce(_ context: OpaquePointer, pageSize: Int) -> Bool {
    guard let page = try? MappedBuffer(byteCount: pageSize),
      var output = try? MappedBuffer(byteCount: outputBound(pageSize: pageSize))
    else { return false }
    var room = output.mutableBytes
    return unsafe compress(context, page.bytes, into: &room) != nil
  }
}
