internal import DumpMemory
internal import PageCompression
internal import Platform

/// Compresses pages one after the other, each with its own codec; nearly always it is the same for all.
struct PageRecompressor: ~Copyable {
  private var compressor: PageCompressor
  private var output: MappedBuffer
  private let pageSize: Int

  init(pageSize: Int) throws(SystemError) {
    let bounds = Codec.allCases.map { PageCompressor.outputBound(codec: $0, pageSize: pageSize) }
    let output = try MappedBuffer(byteCount: max(bounds.max() ?? 0, pageSize))
    let compressor = try Self.compressor(.none, pageSize: pageSize)
    self.output = output
    self.compressor = compressor
    self.pageSize = pageSize
  }

  private static func compressor(_ codec: Codec, pageSize: Int) throws(SystemError) -> PageCompressor {
    do throws(CompressionError) { return try PageCompressor(codec, pageSize: pageSize) } catch {
      throw error.systemError
    }
  }

  /// Makes ``bytes`` the stored form of a page, and says what it is: raw, if the codec does not make it smaller.
  mutating func compress(_ page: RawSpan, codec: Codec) throws(SystemError) -> (size: Int, codec: Codec) {
    if codec != compressor.codec { compressor = try Self.compressor(codec, pageSize: pageSize) }
    return Self.compress(page, &compressor, into: &output)
  }

  private static func compress(
    _ page: RawSpan, _ compressor: inout PageCompressor, into output: inout MappedBuffer
  ) -> (size: Int, codec: Codec) {
    var room = output.mutableBytes
    if let size = compressor.compress(page, into: &room) { return (size, compressor.codec) }
    room.copy(page, at: 0)
    return (page.byteCount, .none)
  }

  /// What the last page came to, and anything behind it.
  var bytes: RawSpan {
    @_lifetime(borrow self)
    get { output.bytes }
  }
}
