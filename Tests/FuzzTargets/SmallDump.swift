import DumpFixtures
import PageCompression

/// A kdump-compressed dump of a few pages, made without what writes dumps.
struct SmallDump {
  /// Frames that the dump has; the machine has all below ``maxMapNumber``.
  var frames = [1, 2, 3, 5, 6, 9]
  /// Of them those whose pages are zeros.
  var zeros: Set<Int> = [2, 6]
  var codec = Codec.zlib
  var version: UInt32 = 6
  /// `status`, where it is to be another than the codec's.
  var status: UInt32?
  /// The frames of a file of a split dump, which has their pages alone.
  var split: Range<Int>?
  /// Whether the page of zeros is stored as one that is not compressed, as those who write dumps do: 4096 bytes.
  var hasRawZeros = false
  /// Whether the notes lie behind the sub header, as in every dump that is written, or at the end.
  var hasNotesInFront = false

  static let maxMapNumber = 64
  static let block = 4096
  /// Where descriptors begin: behind two headers and two bitmaps.
  static let descriptors = 4 * block
  static let notes =
    ELFNote.prstatus(cpu: 0).bytes + ELFNote.vmcoreinfo("OSRELEASE=6.1.0\nPAGESIZE=4096\n").bytes
  private static let eraseInfo = Array("erase secret 4\n".utf8)

  private var flags: UInt32 {
    switch codec {
    case .none: 0
    case .zlib: 1
    case .lzo: 2
    case .snappy: 4
    case .zstd: 0x20
    }
  }

  /// The page that a frame has.
  func page(_ frame: Int) -> [UInt8] {
    if zeros.contains(frame) { return [UInt8](repeating: 0, count: Self.block) }
    var page = [UInt8](repeating: UInt8(truncatingIfNeeded: frame), count: Self.block)
    for place in 0..<8 { page[place * 500] = UInt8(place * 30) }
    return page
  }

  /// `disk_dump_header`
  var header: [UInt8] {
    var header = [UInt8](repeating: 0, count: 464)
    header.replaceSubrange(0..<8, with: Array("KDUMP   ".utf8))
    header.storeLittleEndian(version, at: 8)
    header.replaceSubrange(12 + 4 * 65..<12 + 4 * 65 + 6, with: Array("x86_64".utf8))
    header.storeLittleEndian(status ?? flags, at: 424)
    for (value, place) in [(Self.block, 428), (1, 432), (2, 436), (Self.maxMapNumber, 440), (1, 460)] {
      header.storeLittleEndian(UInt32(value), at: place)
    }
    return header
  }

  /// A word of a bitmap.
  private static func bitmap(_ frames: some Sequence<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(frames.reduce(UInt64(0)) { $0 | 1 << UInt64($1) })
    return bytes + [UInt8](repeating: 0, count: 8)
  }

  /// 16 bytes of each bitmap; the others are zero.
  var bitmaps: (first: [UInt8], second: [UInt8]) { (Self.bitmap(1..<60), Self.bitmap(frames)) }

  /// `kdump_sub_header` and what else is in its block, and what lies behind the bitmaps.
  var contents: (subHeader: [UInt8], behind: [UInt8]) {
    let present = frames.filter { split?.contains($0) ?? true }
    let start = Self.descriptors + frames.count * 24
    let shared = hasRawZeros ? page(zeros.first ?? 0) : compressed(page(zeros.first ?? 0))
    var data = shared
    var table = [UInt8](repeating: 0, count: frames.count * 24)
    for (index, frame) in present.enumerated() {
      let isZero = zeros.contains(frame)
      let stored = isZero ? shared : compressed(page(frame))
      table.storeLittleEndian(UInt64(isZero ? start : start + data.count), at: index * 24)
      table.storeLittleEndian(UInt32(stored.count), at: index * 24 + 8)
      table.storeLittleEndian(stored.count == Self.block ? 0 : flags, at: index * 24 + 12)
      if !isZero { data += stored }
    }
    let end = start + data.count
    var sub = [UInt8](repeating: 0, count: 104)
    sub.storeLittleEndian(UInt32(31), at: 8)
    if let split {
      sub.storeLittleEndian(UInt32(1), at: 12)
      for place in [16, 80] {
        sub.storeLittleEndian(UInt64(split.lowerBound), at: place)
        sub.storeLittleEndian(UInt64(split.upperBound), at: place + 8)
      }
    }
    let info = "OSRELEASE=6.1.0\nPAGESIZE=4096\n".utf8.count
    let notes = hasNotesInFront ? Self.block + sub.count : end
    let parts = [
      (notes + Self.notes.count - (info + 3) / 4 * 4, info), (notes, Self.notes.count),
      (hasNotesInFront ? end : end + Self.notes.count, hasRawZeros ? 0 : Self.eraseInfo.count),
    ]
    for (index, (place, count)) in parts.enumerated() where count > 0 {
      sub.storeLittleEndian(UInt64(place), at: 32 + index * 16)
      sub.storeLittleEndian(UInt64(count), at: 40 + index * 16)
    }
    sub.storeLittleEndian(UInt64(Self.maxMapNumber), at: 96)
    let text = hasRawZeros ? [] : Self.eraseInfo
    return hasNotesInFront ? (sub + Self.notes, table + data + text) : (sub, table + data + Self.notes + text)
  }

  /// The file.
  var bytes: [UInt8] {
    func padded(_ bytes: [UInt8]) -> [UInt8] {
      bytes + [UInt8](repeating: 0, count: Self.block - bytes.count)
    }
    let (subHeader, behind) = contents
    return padded(header) + padded(subHeader) + padded(bitmaps.first) + padded(bitmaps.second) + behind
  }

  private func compressed(_ page: [UInt8]) -> [UInt8] {
    guard codec != .none else { return page }
    guard var compressor = try? PageCompressor(codec) else { preconditionFailure("\(codec) cannot be used") }
    var output = [UInt8](repeating: 0, count: PageCompressor.outputBound(codec: codec, pageSize: page.count))
    guard let count = Self.compress(page, with: &compressor, into: &output) else { return page }
    return Array(output.prefix(count))
  }

  private static func compress(
    _ page: [UInt8], with compressor: inout PageCompressor, into output: inout [UInt8]
  ) -> Int? {
    var span = output.mutableSpan
    var target = span.mutableBytes
    return compressor.compress(page.span.bytes, into: &target)
  }
}
