internal import DumpMemory
internal import Platform

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
    guard let memory = try? IOMemory.ofThisMachine(),
      let size = try? TextFile.read(blocks + "/block_size_bytes"),
      let blockSize = UInt64(size.prefix { $0.isHexDigit }, radix: 16)
    else { return nil }
    return OnlinedMemory(frames, memory: memory, blockSize: blockSize, geometry: geometry) { block in
      (try? TextFile.read("\(blocks)/memory\(block)/state"))?.hasPrefix("online") ?? false
    }
  }

  /// - Parameters:
  ///   - frames: those of the crashed kernel.
  ///   - memory: the capture kernel's.
  ///   - blockSize: bytes of a memory block.
  ///   - isOnline: whether a memory block is on line, by its number.
  init?(
    _ frames: PFNRanges, memory: IOMemory, blockSize: UInt64, geometry: PageGeometry,
    isOnline: (UInt64) -> Bool
  ) {
    let framesPerBlock = blockSize >> geometry.shift
    guard framesPerBlock > 0 else { return nil }
    let low = Self.lowMemory >> geometry.shift
    var taken: [Range<PFN>] = []
    for range in memory.ranges(named: "System RAM") {
      let own = PFN(range.lowerBound >> geometry.shift)..<PFN(range.upperBound >> geometry.shift + 1)
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

  var warning: String {
    "\(pages) pages, the first at \(first), are memory that this capture kernel has put on line for its own use: what the"
      + " crashed kernel had there may be lost; boot the capture kernel with memhp_default_state=offline"
  }
}
