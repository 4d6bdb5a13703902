internal import Diskdump
internal import DumpMemory
internal import PageCompression
internal import Platform

/// A few pages on their way through the pipeline, with the memory that they need: made once, and used again
/// and again.
struct BatchContents: ~Copyable {
  /// Pages of a full batch. Below 64 the hand-over between threads shows; above, only memory grows.
  static let capacity = 64

  /// The frames to dump, in order.
  private(set) var frames: [PFN] = []
  /// How many of the dump's frames lie below each; empty where pages are written in the order of all frames.
  private var ranks: [UInt64] = []
  /// What became of each.
  private(set) var pages: [StoredPage] = []
  /// Frames whose pages could not be had.
  private(set) var lost: [PFN] = []
  /// Why, and how many.
  private(set) var losses = LostPages()
  private(set) var zeroPages: UInt64 = 0
  /// Bytes of the output that are data.
  private(set) var byteCount = 0
  private var output: MappedBuffer
  private let mostOfZeros: Int

  /// Bytes that a batch's output needs: every page raw, and room for one that grows.
  static func outputSize(pageSize: Int, compressionBound: Int) -> Int {
    capacity * pageSize + max(compressionBound, pageSize)
  }

  init(pageSize: Int, compressionBound: Int) throws(SystemError) {
    mostOfZeros = Codec.mostOfFill(pageSize: pageSize)
    output = try MappedBuffer(
      byteCount: Self.outputSize(pageSize: pageSize, compressionBound: compressionBound))
    frames.reserveCapacity(Self.capacity)
    pages.reserveCapacity(Self.capacity)
    lost.reserveCapacity(Self.capacity)
  }

  mutating func removeFrames() {
    frames.removeAll(keepingCapacity: true)
    ranks.removeAll(keepingCapacity: true)
  }

  mutating func add(_ pfn: PFN) { frames.append(pfn) }

  mutating func add(_ pfn: PFN, rank: UInt64) {
    frames.append(pfn)
    ranks.append(rank)
  }

  /// Forgets what became of the frames of last time.
  mutating func restart() {
    pages.removeAll(keepingCapacity: true)
    lost.removeAll(keepingCapacity: true)
    losses = LostPages()
    zeroPages = 0
    byteCount = 0
  }

  mutating func addZeroPage() {
    pages.append(.zero)
    zeroPages += 1
  }

  mutating func addLost(_ pfn: PFN, reason: VmcoreError) {
    pages.append(.unreadable)
    lost.append(pfn)
    losses.add(pfn, reason)
  }

  /// Adds a page: `store` puts its bytes into the memory it is lent, and says how many they are.
  mutating func addPage(_ store: (inout MutableRawSpan) -> (size: Int, flags: PageDescriptorFlags)) {
    var room = output.mutableBytes(in: byteCount..<output.byteCount)
    let stored = store(&room)
    pages.append(.data(size: UInt32(stored.size), flags: stored.flags))
    byteCount += stored.size
  }

  /// Adds a page as its source stores it: `fetch` copies its bytes, or says that the page has to be read.
  ///
  /// - Parameter sharesZeroPages: whether a page of zeros is to be found out.
  /// - Returns: whether the page was added.
  mutating func addStored(
    sharesZeroPages: Bool,
    _ fetch: (inout MutableRawSpan) throws(VmcoreError) -> StoredBytes?
  ) throws(VmcoreError) -> Bool {
    var room = output.mutableBytes(in: byteCount..<output.byteCount)
    guard let stored = try fetch(&room) else { return false }
    if sharesZeroPages {
      if stored.flags != 0 {
        // It may be a page of zeros, and has to be looked into.
        if stored.byteCount <= mostOfZeros { return false }
      } else if isZeroPage(output.bytes.extracting(byteCount..<byteCount + stored.byteCount)) {
        addZeroPage()
        return true
      }
    }
    pages.append(
      .data(size: UInt32(stored.byteCount), flags: PageDescriptorFlags(rawValue: stored.flags)))
    byteCount += stored.byteCount
    return true
  }

  /// Hands the batch to a writer.
  func append<Writer: DumpWriter & ~Copyable>(to writer: inout Writer) throws(DumpError) {
    try writer.append(
      data: output.bytes.extracting(0..<byteCount), pages: pages.span, frames: frames.span, ranks: ranks.span)
  }
}
