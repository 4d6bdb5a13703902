internal import Platform

/// A set of page frames as few sorted ranges that do not touch: the machine's memory between its holes.
public struct PFNRanges: PFNSet, Sendable {
  public let maxMapNumber: UInt64
  public let ranges: [Range<PFN>]
  /// Frames in the set.
  public let count: UInt64

  /// Sorts and joins the ranges; what lies at or past `maxMapNumber` is cut off.
  public init(_ unordered: [Range<PFN>], maxMapNumber: UInt64) {
    let limit = PFN(maxMapNumber)
    var joined: [Range<PFN>] = []
    for range in unordered.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let range = min(range.lowerBound, limit)..<min(range.upperBound, limit)
      if range.isEmpty { continue }
      if let last = joined.last, range.lowerBound <= last.upperBound {
        joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    self.maxMapNumber = maxMapNumber
    ranges = joined
    count = joined.reduce(0) { $0 + $1.upperBound.rawValue - $1.lowerBound.rawValue }
  }

  public func contains(_ pfn: PFN) -> Bool {
    let index = firstRange(endingAfter: pfn)
    return index < ranges.count && ranges[index].lowerBound <= pfn
  }

  /// Whether any frame of a range is in the set.
  public func intersects(_ range: Range<PFN>) -> Bool {
    let index = firstRange(endingAfter: range.lowerBound)
    return !range.isEmpty && index < ranges.count && ranges[index].lowerBound < range.upperBound
  }

  public func kind(ofChunk index: Int) -> PFNChunkKind {
    let chunk = frames(ofChunk: index)
    let first = firstRange(endingAfter: chunk.lowerBound)
    guard first < ranges.count, ranges[first].lowerBound < chunk.upperBound else { return .clear }
    let range = ranges[first]
    return range.lowerBound <= chunk.lowerBound && range.upperBound >= chunk.upperBound ? .full : .mixed
  }

  public func copyChunk(_ index: Int, into bytes: inout MutableRawSpan) {
    precondition(bytes.byteCount >= PFNChunk.byteCount)
    let chunk = frames(ofChunk: index)
    var next = firstRange(endingAfter: chunk.lowerBound)
    for word in 0..<PFNChunk.words {
      let start = PFN(UInt64(index) * UInt64(PFNChunk.frames) + UInt64(word * 64))
      let end = start.advanced(by: 64)
      var bits: UInt64 = 0
      while next < ranges.count, ranges[next].lowerBound < end {
        let from = max(ranges[next].lowerBound, start)
        let to = min(ranges[next].upperBound, end)
        if from < to {
          bits |= (UInt64.max >> UInt64(64 - from.distance(to: to))) << UInt64(start.distance(to: from))
        }
        if ranges[next].upperBound > end { break }
        next += 1
      }
      bytes.storeBytes(of: bits.littleEndian, toByteOffset: word * 8, as: UInt64.self)
    }
  }

  private func frames(ofChunk index: Int) -> Range<PFN> {
    let start = UInt64(index) * UInt64(PFNChunk.frames)
    return PFN(start)..<PFN(min(start + UInt64(PFNChunk.frames), maxMapNumber))
  }

  package func firstRange(endingAfter pfn: PFN) -> Int {
    ranges.partitionPoint(behind: { $0.upperBound > pfn })
  }
}

extension PFNRanges {
  /// The frames of this set that are not in another one.
  package func subtracting(_ others: PFNRanges) -> PFNRanges {
    var rest: [Range<PFN>] = []
    for range in ranges {
      var start = range.lowerBound
      while start < range.upperBound {
        let gap = others.next(from: start) ?? range.upperBound..<range.upperBound
        let end = min(gap.lowerBound, range.upperBound)
        if start < end { rest.append(start..<end) }
        start = max(min(gap.upperBound, range.upperBound), end)
      }
    }
    return PFNRanges(rest, maxMapNumber: maxMapNumber)
  }

  /// What the first range that ends behind a frame holds from that frame on.
  public func next(from pfn: PFN) -> Range<PFN>? {
    let index = firstRange(endingAfter: pfn)
    guard index < ranges.count else { return nil }
    return max(ranges[index].lowerBound, pfn)..<ranges[index].upperBound
  }

  /// Frames of the set that lie in a range.
  package func count(in range: Range<PFN>) -> UInt64 {
    var total: UInt64 = 0
    var index = firstRange(endingAfter: range.lowerBound)
    while index < ranges.count, ranges[index].lowerBound < range.upperBound {
      let from = max(ranges[index].lowerBound, range.lowerBound)
      let to = min(ranges[index].upperBound, range.upperBound)
      total += to.rawValue - from.rawValue
      index += 1
    }
    return total
  }
}
