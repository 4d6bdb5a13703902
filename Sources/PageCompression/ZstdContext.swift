internal import CZstd
internal import Platform

/// A Zstandard compression context, reused for each page.
@safe
struct ZstdContext: ~Copyable, Sendable {
  nonisolated(unsafe) private let context: OpaquePointer
  private let level: Int32

  /// makedumpfile's level as well.
  static let usualLevel: Int32 = 1
  /// Below -7 pages hardly become smaller; above 19 nothing changes for pages.
  static let levels: ClosedRange<Int32> = -7...19

  /// Bytes that a context takes for pages of 4 KiB (zstd 1.5.4): 72 KiB at level 1, at most 270.
  static func byteCount(level: Int32) -> Int { level <= 10 ? 104 << 10 : 270 << 10 }

  init(level: Int32, pageSize: Int) throws(CompressionError) {
    self.level = level
    guard let context = unsafe ZSTD_createCCtx() else { throw .outOfMemory(.zstd) }
    // zstd gets its tables with the first page. Without memory for them every page would silently be raw.
    guard unsafe ZstdContext.compressOnce(context, level: level, pageSize: pageSize) else {
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

  @_lifetime(output: copy output)
  func compress(_ page: RawSpan, into output: inout MutableRawSpan) -> Int? {
    unsafe ZstdContext.compress(context, level: level, page, into: &output)
  }

  @_lifetime(output: copy output)
  private static func compress(
    _ context: OpaquePointer, level: Int32, _ page: RawSpan, into output: inout MutableRawSpan
  ) -> Int? {
    let length = unsafe page.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { output in
        unsafe ZSTD_compressCCtx(
          context, output.baseAddress, output.count, input.baseAddress, input.count, level)
      }
    }
    return ZSTD_isError(length) == 0 ? length : nil
  }

  private static func compressOnce(_ context: OpaquePointer, level: Int32, pageSize: Int) -> Bool {
    guard let page = try? MappedBuffer(byteCount: pageSize),
      var output = try? MappedBuffer(byteCount: outputBound(pageSize: pageSize))
    else { return false }
    var room = output.mutableBytes
    return unsafe compress(context, level: level, page.bytes, into: &room) != nil
  }
}
