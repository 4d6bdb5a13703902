internal import Platform
internal import Vmcore

/// Where in an ELF dump's file the kept pages lie: runs of frames, one behind the other, each page once.
struct ELFExtents: Sendable {
  struct Extent: Hashable, Sendable {
    var frames: Range<PFN>
    /// Bytes of pages that lie before the first frame's.
    var offset: UInt64
  }

  private(set) var extents: [Extent] = []
  /// Bytes of all pages, and of the short gaps between them.
  private(set) var byteCount: UInt64 = 0
  private let pageSize: UInt64

  /// No pages at all.
  init() { pageSize = 4096 }

  /// Fewer frames than these that are left out do not end a run: each PT_LOAD more makes readers, who look for
  /// a page in all of them, slower. makedumpfile has the same number.
  static let longestGap = 255

  init(_ dumpable: borrowing PFNBitmap, existing: PFNRanges, pageSize: Int) {
    self.pageSize = UInt64(pageSize)
    for range in existing.ranges {
      var next = dumpable.next(from: range.lowerBound)
      var run: Range<PFN>?
      while let start = next, start < range.upperBound {
        let stop = min(dumpable.firstAbsent(from: start), range.upperBound)
        if let last = run, last.upperBound.distance(to: start) <= Self.longestGap {
          run = last.lowerBound..<stop
        } else {
          if let last = run { append(last) }
          run = start..<stop
        }
        next = dumpable.next(from: stop)
      }
      if let last = run { append(last) }
    }
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
