internal import Vmcore

/// The PT_LOADs of an ELF dump: the source's, cut where many pages are left out.
///
/// What is left out at a segment's end is the difference of p_memsz and p_filesz, which readers show as zeros.
/// Two segments of the source that speak of the same memory, as those of the kernel's image and of the direct
/// mapping do, name the same bytes of the file.
struct ELFProgramHeaders: Sendable {
  struct Load: Hashable, Sendable {
    var virtual: UInt64
    var physical: UInt64
    /// From the first page in the file on; 0 where there are no bytes.
    var fileOffset: UInt64
    var fileSize: UInt64
    var memorySize: UInt64
  }

  private(set) var loads: [Load] = []

  init(_ segments: [CoreSegment], _ extents: ELFExtents) {
    for segment in segments { append(segment, extents) }
  }

  private mutating func append(_ segment: CoreSegment, _ extents: ELFExtents) {
    let all = segment.physical
    var at = all.lowerBound
    let firstOfSegment = loads.count
    var index = extents.first(endingAfter: PFN(all.lowerBound / 4096))
    while at < all.upperBound {
      var kept = all.upperBound..<all.upperBound
      var offset: UInt64 = 0
      if index < extents.extents.count {
        let addresses = extents.addresses(index)
        let start = min(max(addresses.lowerBound, at), all.upperBound)
        kept = start..<max(start, min(addresses.upperBound, all.upperBound))
        offset = extents.extents[index].offset &+ (start &- addresses.lowerBound)
      }
      if kept.lowerBound > at {
        if loads.count > firstOfSegment {
          loads[loads.count - 1].memorySize += kept.lowerBound - at
        } else {
          loads.append(load(segment, at..<kept.lowerBound, fileOffset: 0, fileSize: 0))
        }
      }
      if !kept.isEmpty {
        loads.append(load(segment, kept, fileOffset: offset, fileSize: UInt64(kept.count)))
      }
      at = kept.upperBound
      index += 1
    }
  }

  private func load(
    _ segment: CoreSegment, _ memory: Range<UInt64>, fileOffset: UInt64, fileSize: UInt64
  ) -> Load {
    let distance = memory.lowerBound - segment.physical.lowerBound
    let virtual = segment.virtual == 0 ? 0 : segment.virtual &+ distance
    return Load(
      virtual: virtual, physical: memory.lowerBound, fileOffset: fileOffset, fileSize: fileSize,
      memorySize: UInt64(memory.count))
  }
}
