internal import PageCompression
internal import Platform

/// A compressor of each codec, and room for what they make.
struct SampleCompressors: ~Copyable {
  private var zlib: PageCompressor
  private var lzo: PageCompressor
  private var snappy: PageCompressor
  private var zstd: PageCompressor
  private var room: MappedBuffer
  private let pageSize: Int

  init(pageSize: Int) throws(SystemError) {
    let bounds = Codec.allCases.map { PageCompressor.outputBound(codec: $0, pageSize: pageSize) }
    let room = try MappedBuffer(byteCount: max(bounds.max() ?? 0, pageSize))
    let zlib = try Self.make(.zlib, pageSize: pageSize)
    let lzo = try Self.make(.lzo, pageSize: pageSize)
    let snappy = try Self.make(.snappy, pageSize: pageSize)
    let zstd = try Self.make(.zstd, pageSize: pageSize)
    self.zlib = zlib
    self.lzo = lzo
    self.snappy = snappy
    self.zstd = zstd
    self.room = room
    self.pageSize = pageSize
  }

  private static func make(_ codec: Codec, pageSize: Int) throws(SystemError) -> PageCompressor {
    do throws(CompressionError) { return try PageCompressor(codec, pageSize: pageSize) } catch {
      throw error.systemError
    }
  }

  /// What each codec makes of a page, in the order of ``PageSample/codecs``; the page's size where it stays as it is.
  mutating func sizes(_ page: RawSpan) -> [Int] {
    var sizes: [Int] = []
    for codec in PageSample.codecs {
      let size =
        switch codec {
        case .none: pageSize
        case .zlib: Self.size(page, compressor: &zlib, room: &room)
        case .lzo: Self.size(page, compressor: &lzo, room: &room)
        case .snappy: Self.size(page, compressor: &snappy, room: &room)
        case .zstd: Self.size(page, compressor: &zstd, room: &room)
        }
      sizes.append(size)
    }
    return sizes
  }

  private static func size(
    _ page: RawSpan, compressor: inout PageCompressor, room: inout MappedBuffer
  ) -> Int {
    var output = room.mutableBytes
    return compressor.compress(page, into: &output) ?? page.byteCount
  }

  /// The same for a page of zeros.
  mutating func sizesOfZeros() throws(SystemError) -> [Int] {
    let zeros = try MappedBuffer(byteCount: pageSize)
    return sizes(zeros.bytes)
  }
}
