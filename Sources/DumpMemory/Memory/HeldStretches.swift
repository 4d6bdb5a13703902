/// The frames of memory of which a dump may have other bytes than zeros, in few stretches: the holes of a sparse file, and
/// what a flattened stream has no records of, need no look.
public struct HeldStretches: Sendable {
  /// In the order of the frames.
  public let ranges: [Range<PFN>]

  /// Frames of all stretches.
  public var count: UInt64 { ranges.reduce(0) { $0 + $1.upperBound.rawValue - $1.lowerBound.rawValue } }

  /// Smaller holes are read: to ask for them takes as long, and they may be many.
  private static let leastHole: UInt64 = 1 << 20

  public init(of memory: PhysicalMemory) {
    switch memory.source {
    case .elf(let source): ranges = Self.stretches(of: source)
    case .pages: ranges = memory.frames.ranges
    }
  }

  private static func stretches(of memory: ELFMemory) -> [Range<PFN>] {
    let geometry = memory.segments.geometry
    var ranges: [Range<PFN>] = []
    func add(_ start: UInt64, _ end: UInt64) {
      let frames = geometry.frames(from: start, to: end)
      if let last = ranges.last, frames.lowerBound <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, frames.upperBound)
      } else {
        ranges.append(frames)
      }
    }
    for extent in memory.segments.extents {
      guard let offset = extent.fileOffset else { continue }
      let end = offset + (extent.end - extent.start)
      var at = offset
      var begin: UInt64?
      var reached = offset
      while at < end {
        let data = memory.core.file.nextData(in: at..<end)
        if data.isEmpty { break }
        if let start = begin, data.lowerBound - reached >= leastHole {
          add(extent.start + (start - offset), extent.start + (reached - offset))
          begin = data.lowerBound
        } else if begin == nil {
          begin = data.lowerBound
        }
        reached = data.upperBound
        at = data.upperBound
      }
      if let start = begin { add(extent.start + (start - offset), extent.start + (reached - offset)) }
    }
    return ranges
  }
}
