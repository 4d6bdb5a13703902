internal import Platform

/// The pages of a store that one reader wanted last; the least recently used makes room for the next.
///
/// For pages in rising order two are enough: structures may lie across the border of two.
struct CachedPages: ~Copyable {
  private let reader: any PageStoreReader
  private let pageSize: Int
  private let count: Int
  private var pages: MappedBuffer
  private var frames: [32 of PFN?] = .init(repeating: nil)
  private var lastUses: [32 of UInt64] = .init(repeating: 0)
  private var uses: UInt64 = 0
  private var latest = 0

  init(_ store: any PageStore, access: MemoryAccess) throws(SystemError) {
    // The tables of a few walks, and what they lead to.
    let count = access == .sequential ? 2 : 32
    let pages = try MappedBuffer(byteCount: count * store.geometry.size)
    reader = try store.makeReader(access)
    pageSize = store.geometry.size
    self.count = count
    self.pages = pages
  }

  /// Makes a page the one that ``withBytes(_:_:)`` lends.
  @inline(__always)
  mutating func show(_ pfn: PFN) throws(VmcoreError) {
    if frames[latest] != pfn { latest = try find(pfn) }
  }

  /// Lends a part of the page that was shown last.
  @inline(__always)
  func withBytes<Result>(_ part: Range<Int>, _ body: (RawSpan) -> Result) -> Result {
    let start = latest * pageSize
    return body(pages.bytes.extracting(start + part.lowerBound..<start + part.upperBound))
  }

  /// Copies a page's stored bytes; see ``PageStoreReader/readStored(_:as:into:)``.
  func readStored(
    _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) -> StoredBytes? {
    try reader.readStored(pfn, as: flags, into: &bytes)
  }

  private mutating func find(_ pfn: PFN) throws(VmcoreError) -> Int {
    uses += 1
    var oldest = 0
    for index in 0..<count {
      if frames[index] == pfn {
        lastUses[index] = uses
        return index
      }
      if lastUses[index] < lastUses[oldest] { oldest = index }
    }
    frames[oldest] = nil
    try Self.read(pfn, from: reader, to: oldest * pageSize..<(oldest + 1) * pageSize, of: &pages)
    frames[oldest] = pfn
    lastUses[oldest] = uses
    return oldest
  }

  private static func read(
    _ pfn: PFN, from reader: any PageStoreReader, to range: Range<Int>, of pages: inout MappedBuffer
  ) throws(VmcoreError) {
    var page = pages.mutableBytes(in: range)
    try reader.read(pfn, into: &page)
  }
}
