internal import CSnappy

/// Snappy has no context that a caller could keep; the type is there so that all codecs look alike.
struct SnappyContext: Sendable {
  /// Snappy refuses to begin with less room than its worst case.
  static func outputBound(pageSize: Int) -> Int {
    snappy_max_compressed_length(pageSize)
  }

  @_lifetime(output: copy output)
  func compress(_ page: RawSpan, into output: inout MutableRawSpan) -> Int? {
    var length = output.byteCount
    let status = unsafe page.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { output in
        unsafe snappy_compress(input.baseAddress, input.count, output.baseAddress, &length)
      }
    }
    return status == SNAPPY_OK ? length : nil
  }
}
