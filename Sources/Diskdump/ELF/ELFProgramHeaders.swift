internal import DumpMemory

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
  private let geometry: PageGeometry

  /// As many as ``ELFCore`` reads. Segments that lie over each other have the headers of each, and their product may be
  /// more than memory holds.
  static let most = 1 << 20

  /// - Parameters:
  ///   - lost: frames that no PT_LOAD speaks of, as readers would see zeros there.
  /// - Returns: nil if there are more than ``most``.
  init?(_ segments: [CoreSegment], extents: ELFExtents, lost: PFNRanges, geometry: PageGeometry) {
    self.geometry = geometry
    for segment in segments {
      append(segment, extents, lost)
      if loads.count > Self.most { return nil }
    }
  }

  private mutating func append(_ segment: CoreSegment, _ extents: ELFExtents, _ lost: PFNRanges) {
    let all = segment.physical
    var at = all.lowerBound
    let firstOfSegment = loads.count
    var index = extents.first(endingAfter: geometry.pfn(of: PhysicalAddress(all.lowerBound)))
    while at < all.upperBound, loads.count <= Self.most {
      var kept = all.upperBound..<all.upperBound
      var offset: UInt64 = 0
      if index < extents.extents.count {
        let addresses = extents.addresses(index)
        let start = min(max(addresses.lowerBound, at), all.upperBound)
        kept = start..<max(start, min(addresses.upperBound, all.upperBound))
        offset = extents.extents[index].offset &+ (start &- addresses.lowerBound)
      }
      var zeros = at
      while zeros < kept.lowerBound {
        let piece = piece(zeros..<kept.lowerBound, without: lost)
        if piece.isEmpty {
          zeros = piece.upperBound
          continue
        }
        if piece.lowerBound == at, loads.count > firstOfSegment {
          loads[loads.count - 1].memorySize += UInt64(piece.count)
        } else {
          loads.append(load(segment, memory: piece, fileOffset: 0, fileSize: 0))
        }
        zeros = piece.upperBound
      }
      if !kept.isEmpty {
        loads.append(load(segment, memory: kept, fileOffset: offset, fileSize: UInt64(kept.count)))
      }
      at = kept.upperBound
      index += 1
    }
  }

  /// What a stretch of memory begins with and was not lost; empty, and at the end of what was lost, where it begins with
  /// that.
  private func piece(_ memory: Range<UInt64>, without lost: PFNRanges) -> Range<UInt64> {
    guard let next = lost.next(from: geometry.pfn(of: PhysicalAddress(memory.lowerBound))) else {
      return memory
    }
    let start = geometry.address(of: next.lowerBound).rawValue
    let end = min(geometry.address(of: next.upperBound).rawValue, memory.upperBound)
    if start <= memory.lowerBound { return end..<end }
    return memory.lowerBound..<min(start, memory.upperBound)
  }

  private func load(
    _ segment: CoreSegment, memory: Range<UInt64>, fileOffset: UInt64, fileSize: UInt64
  ) -> Load {
    let distance = memory.lowerBound - segment.physical.lowerBound
    let virtual = segment.virtual == 0 ? 0 : segment.virtual &+ distance
    return Load(
      virtual: virtual, physical: memory.lowerBound, fileOffset: fileOffset, fileSize: fileSize,
      memorySize: UInt64(memory.count))
  }
}
