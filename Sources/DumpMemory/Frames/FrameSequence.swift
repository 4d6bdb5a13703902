/// All frames of a machine as few ranges, in the order in which they are written: for a dump that can take pages in
/// another order than that of memory only in long stretches.
public struct FrameSequence: Sendable {
  /// They share no frame.
  public let ranges: [Range<PFN>]

  /// - Parameter groups: what is in an earlier group is not taken again.
  public init(_ groups: [[Range<PFN>]]) {
    var taken = PFNRanges([], maxMapNumber: .max)
    var ranges: [Range<PFN>] = []
    for group in groups {
      let new = PFNRanges(group, maxMapNumber: .max).subtracting(taken).ranges
      ranges += new
      taken = PFNRanges(taken.ranges + new, maxMapNumber: .max)
    }
    self.ranges = ranges
  }

  /// How many frames of a set lie below each range.
  public func framesBelow(_ frames: borrowing PFNBitmap) -> [UInt64] {
    var below = [UInt64](repeating: 0, count: ranges.count)
    var counted = PFN(0)
    var count: UInt64 = 0
    for index in ranges.indices.sorted(by: { ranges[$0].lowerBound < ranges[$1].lowerBound }) {
      count += frames.count(in: counted..<ranges[index].lowerBound)
      counted = ranges[index].lowerBound
      below[index] = count
    }
    return below
  }
}

extension WritePriority {
  /// The same order in long stretches.
  ///
  /// - Parameters:
  ///   - gap: frames between two of a group that are taken along; more where there would be too many ranges.
  ///   - most: ranges of a group.
  public func sequence(joining gap: UInt64, most: Int) -> FrameSequence {
    let all = [PFN(0)..<PFN(foundation.maxMapNumber)]
    let first = Self.ranges(of: foundation, joining: gap, most: most)
    let map = Self.ranges(of: memoryMap, joining: gap, most: most)
    if tellsKernelApart {
      // Those of the mem_map are among them, and come last of them.
      let own = FrameSequence([map, Self.ranges(of: kernel, joining: gap, most: most)])
      let others = own.ranges.dropFirst(map.count).sorted { $0.lowerBound < $1.lowerBound }
      return FrameSequence([first, others, map, all])
    }
    let others = FrameSequence([map, all]).ranges.dropFirst(map.count)
    return FrameSequence([first, Array(others), map])
  }

  private static func ranges(
    of set: borrowing PFNBitmap, joining gap: UInt64, most: Int
  ) -> [Range<PFN>] {
    var gap = gap
    while true {
      var ranges: [Range<PFN>] = []
      var next = set.next(from: PFN(0))
      while let start = next, ranges.count <= most {
        let end = set.firstAbsent(from: start)
        if let last = ranges.last, start.rawValue - last.upperBound.rawValue <= gap {
          ranges[ranges.count - 1] = last.lowerBound..<end
        } else {
          ranges.append(start..<end)
        }
        next = set.next(from: end)
      }
      if ranges.count <= most { return ranges }
      gap = gap * 2 + 1
    }
  }
}
