internal import PageCompression
internal import Platform

/// Cuts a stretch of a dump into pages, where nothing but their own bytes says where each ends.
///
/// A compressed page tells its end by its codec; a raw page may begin anywhere. So the stretch may be cut in several ways,
/// and only one that is the only one proves anything: the only one of all where it is not known how many of the pages
/// have bytes, else the only one with as many pages as that.
struct PageChain: ~Copyable {
  private let dump: KdumpFile
  private let codecs: [Codec]
  private var decompressor: PageDecompressor
  private var window: ReadAhead
  private var page: MappedBuffer

  /// Longer stretches are not looked at: each byte of one takes six of memory.
  private static let mostBytes: UInt64 = 32 << 20
  /// Places of a stretch that are tried.
  private static let mostPlaces = 2 << 20

  /// - Parameter codecs: those that pages of the dump are compressed with.
  init(_ dump: KdumpFile, codecs: [Codec]) throws(SystemError) {
    let window = try ReadAhead(byteCount: 256 << 10)
    let page = try MappedBuffer(byteCount: dump.pageSize)
    do throws(CompressionError) { decompressor = try PageDecompressor() } catch {
      throw error.systemError
    }
    self.dump = dump
    self.codecs = codecs
    self.window = window
    self.page = page
  }

  /// Where in the file the pages of a stretch lie; nil where nothing proves that.
  ///
  /// - Parameters:
  ///   - count: pages that there are to be.
  ///   - hasZeroPages: whether pages of zeros are among them; if not, some of those that are missed may be such, without
  ///     any bytes, and one that is found shows that something is wrong.
  mutating func pages(
    in stretch: Range<UInt64>, count: Int, hasZeroPages: Bool
  ) throws(SystemError) -> [PageDescriptor]? {
    let size = UInt64(dump.pageSize)
    guard count > 0, stretch.upperBound <= dump.file.size, stretch.count <= Self.mostBytes,
      UInt64(stretch.count) <= UInt64(count) * size, stretch.count >= count,
      let way = try longestWay(through: stretch), way.descriptors.count == count, hasZeroPages || way.isOnly
    else { return nil }
    for descriptor in way.descriptors {
      // Where pages are compressed, zeros are.
      let cannotBeZeros = !hasZeroPages || (descriptor.flags == .raw && !codecs.isEmpty)
      if cannotBeZeros, try isZeros(descriptor) { return nil }
    }
    return way.descriptors
  }

  /// The way with the most pages to cut a stretch, if there is only one with so many.
  ///
  /// - Returns: also whether there is no other way at all.
  private mutating func longestWay(
    through stretch: Range<UInt64>
  ) throws(SystemError) -> (descriptors: [PageDescriptor], isOnly: Bool)? {
    let length = stretch.count
    let ways = try ways(through: stretch)
    guard let ways, ways.most[length] > 0, ways.number[length] == 1 else { return nil }
    var descriptors: [PageDescriptor] = []
    var end = length
    while end > 0 {
      let found = ways.stored[end]?.first { ways.most[$0.start] + 1 == ways.most[end] }
      let start = found?.start ?? end - dump.pageSize
      descriptors.append(
        PageDescriptor(
          offset: stretch.lowerBound + UInt64(start), size: UInt32(end - start), flags: found?.flags ?? .raw))
      end = start
    }
    descriptors.reverse()
    return (descriptors, !ways.hasOthers[length])
  }

  private struct Ways {
    /// How many pages at most may lie before a place; -1 where none ends.
    var most: [Int32]
    /// In how many ways so many may: none, one, more.
    var number: [UInt8]
    /// Whether there are ways with fewer.
    var hasOthers: [Bool]
    /// Compressed pages by their end.
    var stored: [Int: [(start: Int, flags: PageDescriptorFlags)]] = [:]

    init(_ length: Int) {
      most = [Int32](repeating: -1, count: length + 1)
      number = [UInt8](repeating: 0, count: length + 1)
      hasOthers = [Bool](repeating: false, count: length + 1)
      most[0] = 0
      number[0] = 1
    }

    /// Adds a page from one place to another.
    mutating func add(from start: Int, to end: Int) {
      let pages = most[start] + 1
      let isOther = hasOthers[start] || (most[end] >= 0 && most[end] != pages)
      if pages > most[end] {
        most[end] = pages
        number[end] = number[start]
      } else if pages == most[end] {
        number[end] = min(number[end] + number[start], 2)
      }
      if isOther { hasOthers[end] = true }
    }
  }

  /// All ways; nil where there are too many places to try.
  private mutating func ways(through stretch: Range<UInt64>) throws(SystemError) -> Ways? {
    let length = stretch.count
    var ways = Ways(length)
    var places = 0
    for place in 0..<length where ways.most[place] >= 0 {
      places += 1
      if places > Self.mostPlaces { return nil }
      if length - place >= dump.pageSize { ways.add(from: place, to: place + dump.pageSize) }
      for codec in codecs {
        guard
          let byteCount = try prefix(
            at: stretch.lowerBound + UInt64(place), end: stretch.upperBound, codec: codec)
        else {
          continue
        }
        ways.add(from: place, to: place + byteCount)
        ways.stored[place + byteCount, default: []].append((place, codec.flags))
      }
    }
    return ways
  }

  /// How many bytes a compressed page at a place has; nil if none begins there.
  private mutating func prefix(
    at place: UInt64, end: UInt64, codec: Codec
  ) throws(SystemError) -> Int? {
    let bytes = place..<min(end, place + UInt64(dump.pageSize))
    guard try window.show(bytes, of: dump.file) else { return nil }
    return Self.prefix(window, range: bytes, codec: codec, decompressor: &decompressor, buffer: &page)
  }

  private static func prefix(
    _ window: borrowing ReadAhead, range: Range<UInt64>, codec: Codec,
    decompressor: inout PageDecompressor, buffer: inout MappedBuffer
  ) -> Int? {
    var page = buffer.mutableBytes
    return decompressor.decompressPrefix(of: window.bytes(range), codec, into: &page)
  }

  private mutating func isZeros(_ descriptor: PageDescriptor) throws(SystemError) -> Bool {
    guard let codec = Codec(descriptor.flags), try window.show(descriptor.range, of: dump.file) else {
      return true
    }
    return Self.isZeros(
      window, range: descriptor.range, codec: codec, decompressor: &decompressor, buffer: &page)
  }

  private static func isZeros(
    _ window: borrowing ReadAhead, range: Range<UInt64>, codec: Codec,
    decompressor: inout PageDecompressor, buffer: inout MappedBuffer
  ) -> Bool {
    var page = buffer.mutableBytes
    guard decompressor.decompress(window.bytes(range), codec: codec, into: &page) else { return true }
    return isZeroPage(buffer.bytes)
  }
}
