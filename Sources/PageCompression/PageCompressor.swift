internal import Platform

/// Compresses one page at a time, with a context that is made once: one compressor per worker.
///
/// Nothing is allocated per page, except by libsnappy within itself.
public struct PageCompressor: ~Copyable, Sendable {
  enum Context: ~Copyable, Sendable {
    case none
    case deflate(ZlibFormat.Compressor)
    case lzo(LZOContext)
    case snappy(SnappyContext)
    case zstd(ZstdContext)
  }

  public let codec: Codec
  private let context: Context
  private var filled: FilledPages

  /// - Parameters:
  ///   - level: one of the codec's ``Codec/levels``; nil for the usual one.
  ///   - pageSize: the size in bytes of the pages to come, which decides of the memory.
  /// - Throws: ``CompressionError`` if the codec gets no memory or its library does not fit.
  public init(_ codec: Codec, level: Int32? = nil, pageSize: Int = 4096) throws(CompressionError) {
    self.codec = codec
    let none: FilledPages
    do throws(SystemError) { none = try FilledPages(pageSize: pageSize) } catch { throw .outOfMemory(codec) }
    switch codec {
    case .none: context = .none
    case .zlib: context = .deflate(try ZlibFormat.Compressor(level: level ?? ZlibFormat.usualLevel))
    case .lzo: context = .lzo(try LZOContext())
    case .snappy: context = .snappy(SnappyContext())
    case .zstd: context = .zstd(try ZstdContext(level: level ?? ZstdContext.usualLevel, pageSize: pageSize))
    }
    filled = none
  }

  /// Bytes that the output of ``compress(_:into:)`` must have room for, more than a page for some codecs.
  public static func outputBound(codec: Codec, pageSize: Int) -> Int {
    switch codec {
    case .none: 0
    case .zlib: ZlibFormat.Compressor.outputBound(pageSize: pageSize)
    case .lzo: LZOContext.outputBound(pageSize: pageSize)
    case .snappy: SnappyContext.outputBound(pageSize: pageSize)
    case .zstd: ZstdContext.outputBound(pageSize: pageSize)
    }
  }

  /// Compresses a page.
  ///
  /// - Parameter output: at least ``outputBound(codec:pageSize:)`` bytes; undefined where nil is returned.
  /// - Returns: the compressed length, or nil where the page is to be stored raw: the codec failed, or did
  ///   not make the page smaller (the rule of the kdump-compressed format).
  @_lifetime(output: copy output)
  public mutating func compress(_ page: RawSpan, into output: inout MutableRawSpan) -> Int? {
    precondition(output.byteCount >= PageCompressor.outputBound(codec: codec, pageSize: page.byteCount))
    let fill = codec == .none ? nil : fillByte(page)
    if let fill, let length = filled.copy(fill, into: &output) { return length }
    let length: Int? =
      switch context {
      case .none: nil
      case .deflate(let context):
        RandomnessTest.isNoise(page) ? nil : context.compress(page, into: &output)
      case .lzo(let context): context.compress(page, into: &output)
      case .snappy(let context): context.compress(page, into: &output)
      case .zstd(let context): context.compress(page, into: &output)
      }
    guard let length, length < page.byteCount else { return nil }
    if let fill { filled.keep(output.bytes.extracting(first: length), of: fill) }
    return length
  }
}
