internal import DumpMemory
internal import Platform

/// Where in an ELF dump's file the kept pages lie: runs of frames, one behind the other, each page once.
struct ELFExtents: Sendable {
  struct Extent: Hashable, Sendable {
    var frames: Range<PFN>
    /// Bytes of pages that lie before the first frame's.
    var offset: UInt64
  }

  /// In the order of their frames.
  private(set) var extents: [Extent] = []
  /// Bytes of all pages, and of the short gaps between them.
  private(set) var byteCount: UInt64 = 0
  private let pageSize: UInt64

  /// No pages at all.
  init(pageSize: Int) { self.pageSize = UInt64(pageSize) }

  /// Fewer frames than these that are left out do not end a run: each PT_LOAD more makes readers, who look for
  /// a page in all of them, slower. makedumpfile has the same number.
  static let longestGap = 255

  /// - Parameters:
  ///   - lost: frames that no run may reach over, as readers would see zeros there.
  ///   - sequence: in which order the pages come; nil for that of memory.
  init(
    _ dumpable: borrowing PFNBitmap, existing: PFNRanges, lost: PFNRanges, sequence: FrameSequence?,
    pageSize: Int
  ) {
    self.pageSize = UInt64(pageSize)
    let whole = PFN(0)..<PFN(dumpable.maxMapNumber)
    for part in sequence?.ranges ?? [whole] {
      for range in existing.ranges where range.overlaps(part) {
        append(range.clamped(to: part), dumpable, lost)
      }
    }
    extents.sort { $0.frames.lowerBound < $1.frames.lowerBound }
  }

  private mutating func append(_ range: Range<PFN>, _ dumpable: borrowing PFNBitmap, _ lost: PFNRanges) {
    var next = dumpable.next(from: range.lowerBound)
    var run: Range<PFN>?
    while let start = next, start < range.upperBound {
      let stop = min(dumpable.firstAbsent(from: start), range.upperBound)
      if let last = run, last.upperBound.distance(to: start) <= Self.longestGap,
        !lost.intersects(last.upperBound..<start)
      {
        run = last.lowerBound..<stop
      } else {
        if let last = run { append(last) }
        run = start..<stop
      }
      next = dumpable.next(from: stop)
    }
    if let last = run { append(last) }
  }

  private mutating func append(_ frames: Range<PFN>) {
    extents.append(Extent(frames: frames, offset: byteCount))
    byteCount += UInt64(frames.lowerBound.distance(to: frames.upperBound)) * pageSize
  }

  /// The extent that holds a frame, or else the next one above it.
  func first(endingAfter pfn: PFN) -> Int {
    extents.partitionPoint(behind: { $0.frames.upperBound > pfn })
  }

  /// Bytes of pages that lie before a kept frame's.
  ///
  /// - Parameter hint: the extent to look in first; it becomes the one that holds the frame.
  func offset(of pfn: PFN, hint: inout Int) -> UInt64 {
    if hint >= extents.count || !extents[hint].frames.contains(pfn) { hint = first(endingAfter: pfn) }
    precondition(hint < extents.count && extents[hint].frames.contains(pfn))
    let distance = extents[hint].frames.lowerBound.distance(to: pfn)
    return extents[hint].offset + UInt64(distance) * pageSize
  }

  /// Physical addresses of an extent.
  func addresses(_ index: Int) -> Range<UInt64> {
    let frames = extents[index].frames
    return frames.lowerBound.rawValue * pageSize..<frames.upperBound.rawValue * pageSize
  }
}
