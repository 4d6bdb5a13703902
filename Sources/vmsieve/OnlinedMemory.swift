internal import Platform
internal import Vmcore

/// Memory of the crashed kernel that this kernel, its capture kernel, uses itself.
///
/// A capture kernel boots with what was reserved for it. A DIMM it finds by ACPI like any kernel, adds it to its memory
/// and, if that is its policy (`memhp_default_state=`), puts it on line: the memory is then its own to use, and what the
/// crashed kernel had there is not to be believed. /proc/vmcore does not know of it.
struct OnlinedMemory: Equatable {
  let pages: UInt64
  let first: PhysicalAddress

  /// Low memory is the capture kernel's by right: what it overwrites there was saved.
  private static let lowMemory: UInt64 = 1 << 20
  private static let blocks = "/sys/devices/system/memory"

  /// Looks at what this kernel has on line; nil where that is none of the crashed kernel's memory.
  static func find(_ frames: PFNRanges, _ geometry: PageGeometry) -> OnlinedMemory? {
    guard let memory = try? TextFile.read("/proc/iomem"),
      let size = try? TextFile.read(blocks + "/block_size_bytes"),
      let blockSize = UInt64(size.prefix { $0.isHexDigit }, radix: 16)
    else { return nil }
    return OnlinedMemory(frames, systemMemory: memory, blockSize: blockSize, geometry) { block in
      (try? TextFile.read("\(blocks)/memory\(block)/state"))?.hasPrefix("online") ?? false
    }
  }

  /// - Parameters:
  ///   - frames: those of the crashed kernel.
  ///   - systemMemory: the capture kernel's /proc/iomem.
  ///   - blockSize: bytes of a memory block.
  ///   - isOnline: whether a memory block is on line, by its number.
  init?(
    _ frames: PFNRanges, systemMemory: String, blockSize: UInt64, _ geometry: PageGeometry,
    isOnline: (UInt64) -> Bool
  ) {
    let framesPerBlock = blockSize >> geometry.shift
    guard framesPerBlock > 0 else { return nil }
    let low = Self.lowMemory >> geometry.shift
    var taken: [Range<PFN>] = []
    for own in Self.ranges(of: systemMemory, geometry) {
      for range in frames.ranges where range.overlaps(own) {
        var at = max(range.lowerBound.rawValue, own.lowerBound.rawValue, low)
        let end = min(range.upperBound, own.upperBound).rawValue
        while at < end {
          let block = at / framesPerBlock
          let next = min((block + 1) * framesPerBlock, end)
          if isOnline(block) { taken.append(PFN(at)..<PFN(next)) }
          at = next
        }
      }
    }
    let both = PFNRanges(taken, maxMapNumber: frames.maxMapNumber)
    guard let first = both.ranges.first else { return nil }
    pages = both.count
    self.first = geometry.address(of: first.lowerBound)
  }

  /// `100000000-107ffffff : System RAM`, whose last address belongs to the range, at any depth of indentation.
  private static func ranges(of text: String, _ geometry: PageGeometry) -> [Range<PFN>] {
    var ranges: [Range<PFN>] = []
    for line in text.split(separator: "\n") where line.hasSuffix(" : System RAM") {
      let ends = line.drop { $0 == " " }.prefix { $0 != " " }.split(separator: "-")
      guard ends.count == 2, let first = UInt64(ends[0], radix: 16), let last = UInt64(ends[1], radix: 16),
        first < last
      else { continue }
      ranges.append(PFN(first >> geometry.shift)..<PFN(last >> geometry.shift + 1))
    }
    return ranges
  }

  var warning: String {
    "\(pages) pages, the first at \(first), are memory that this capture kernel has put on line for its own use: what the"
      + " crashed kernel had there may be lost; boot the capture kernel with memhp_default_state=offline"
  }
}
