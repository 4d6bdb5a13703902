internal import DumpMemory
internal import Platform

/// Pages that are dumped again and again to see how long that takes: all, or stretches from everywhere.
enum BenchSample {
  /// 512 MiB of pages of 4 KiB.
  static let mostPages: UInt64 = 131_072
  /// Pages that lie together, so that they are read as they are in a dump.
  private static let stretch: UInt64 = 512

  /// - Returns: the frames that are taken, as ranges.
  static func ranges(of frames: borrowing PFNBitmap, most: UInt64 = mostPages) -> [Range<PFN>] {
    let count = frames.count
    let step = max((count + most - 1) / max(most, 1), 1)
    var ranges: [Range<PFN>] = []
    var index: UInt64 = 0
    var next = frames.next(from: PFN(0))
    while let start = next {
      var end = frames.firstAbsent(from: start)
      // What is left of the stretch that the first frame is in.
      let left = Self.stretch - index % Self.stretch
      if UInt64(start.distance(to: end)) > left { end = start.advanced(by: Int(left)) }
      if (index / Self.stretch) % step == 0 {
        if let last = ranges.last, last.upperBound == start {
          ranges[ranges.count - 1] = last.lowerBound..<end
        } else {
          ranges.append(start..<end)
        }
      }
      index += UInt64(start.distance(to: end))
      next = frames.next(from: end)
    }
    return ranges
  }

  static func frames(_ ranges: [Range<PFN>], maxMapNumber: UInt64) throws(SystemError) -> PFNBitmap {
    var frames = try PFNBitmap(maxMapNumber: maxMapNumber)
    for range in ranges { frames.insert(range) }
    return frames
  }
}
