internal import Platform

/// What pages of one byte over and over become, kept for when the next one comes: the kernel's alignment between functions
/// (0xcc), page_poison and the poison of slabs make thousands of them.
///
/// They are not stored once for all, as pages of zeros are: a codec leaves 20 to 200 bytes of each, and a dump in which any
/// two pages may share their bytes could not be told from one whose descriptors were mixed up.
struct FilledPages: ~Copyable, Sendable {
  /// Compressed pages, one place for each byte.
  private var memory: MappedBuffer
  /// How long they are; 0 for those that were not seen yet, or are not kept.
  private var lengths = [UInt16](repeating: 0, count: 256)
  /// What is longer is not kept.
  private let mostBytes: Int

  init(pageSize: Int) throws(SystemError) {
    mostBytes = Codec.mostOfFill(pageSize: pageSize)
    memory = try MappedBuffer(byteCount: 256 * mostBytes)
  }

  /// Copies what such a page became; returns its length, or nil where that is not known.
  func copy(_ fill: UInt8, into output: inout MutableRawSpan) -> Int? {
    let length = Int(lengths[Int(fill)])
    if length == 0 { return nil }
    let start = Int(fill) * mostBytes
    output.copy(memory.bytes.extracting(start..<start + length), at: 0)
    return length
  }

  mutating func keep(_ compressed: RawSpan, of fill: UInt8) {
    guard compressed.byteCount <= mostBytes else { return }
    var place = memory.mutableBytes(in: Int(fill) * mostBytes..<(Int(fill) + 1) * mostBytes)
    place.copy(compressed, at: 0)
    lengths[Int(fill)] = UInt16(compressed.byteCount)
  }
}
