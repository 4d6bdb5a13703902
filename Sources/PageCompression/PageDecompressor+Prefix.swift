internal import CLZO
internal import CSnappy
internal import CZstd

extension PageDecompressor {
  /// Decompresses a page of whose bytes it is known where they begin, and not where they end.
  ///
  /// - Parameters:
  ///   - bytes: the page's, with whatever follows.
  ///   - page: room for exactly the page; undefined where nil is returned.
  /// - Returns: how many of the bytes are the page's, fewer than the page has; nil where no page begins there. A page that is
  ///   stored raw has no such sign.
  @_lifetime(page: copy page)
  public mutating func decompressPrefix(
    of bytes: RawSpan, _ codec: Codec, into page: inout MutableRawSpan
  ) -> Int? {
    let bytes = bytes.extracting(first: min(bytes.byteCount, page.byteCount - 1))
    guard bytes.byteCount > 0 else { return nil }
    let length: Int?
    switch codec {
    case .none: return nil
    case .zlib: return zlib.decompress(bytes, into: &page)
    case .zstd: length = zstdLength(bytes)
    case .snappy: length = Self.snappyLength(bytes, pageSize: page.byteCount)
    case .lzo: return decompressLZOPrefix(bytes, page: &page)
    }
    guard let length, length > 0, length <= bytes.byteCount,
      decompress(bytes.extracting(first: length), codec: codec, into: &page)
    else { return nil }
    return length
  }

  private func zstdLength(_ bytes: RawSpan) -> Int? {
    let length = unsafe bytes.withUnsafeBytes {
      unsafe ZSTD_findFrameCompressedSize($0.baseAddress, $0.count)
    }
    return ZSTD_isError(length) == 0 ? length : nil
  }

  /// An LZO1X stream ends with a marker of three bytes (M4 with a distance of 0x4000), which may also stand in what it
  /// copies.
  @_lifetime(page: copy page)
  private mutating func decompressLZOPrefix(_ bytes: RawSpan, page: inout MutableRawSpan) -> Int? {
    var end = 3
    while end <= bytes.byteCount {
      if bytes.byte(end - 3) == 0x11, bytes.byte(end - 2) == 0, bytes.byte(end - 1) == 0,
        decompress(bytes.extracting(first: end), codec: .lzo, into: &page)
      {
        return end
      }
      end += 1
    }
    return nil
  }

  /// Walks over the elements of a snappy block (format_description.txt of libsnappy) without copying.
  private static func snappyLength(_ bytes: RawSpan, pageSize: Int) -> Int? {
    var at = 0
    var size = 0
    while at < 5, at < bytes.byteCount {
      size |= Int(bytes.byte(at) & 0x7f) << (7 * at)
      at += 1
      if bytes.byte(at - 1) & 0x80 == 0 { break }
    }
    guard size == pageSize else { return nil }
    var made = 0
    while made < size {
      guard at < bytes.byteCount else { return nil }
      let tag = Int(bytes.byte(at))
      at += 1
      switch tag & 3 {
      case 0:
        var count = tag >> 2
        if count >= 60 {
          let more = count - 59
          guard at + more <= bytes.byteCount else { return nil }
          count = (0..<more).reduce(0) { $0 | Int(bytes.byte(at + $1)) << (8 * $1) }
          at += more
        }
        at += count + 1
        made += count + 1
      case 1:
        at += 1
        made += 4 + tag >> 2 & 7
      case 2:
        at += 2
        made += 1 + tag >> 2
      default:
        at += 4
        made += 1 + tag >> 2
      }
    }
    return made == size ? at : nil
  }
}

extension RawSpan {
  /// A byte that is there.
  @inline(__always)
  fileprivate func byte(_ index: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}
