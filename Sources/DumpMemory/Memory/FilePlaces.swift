internal import Platform

/// Every place of an ELF core's file that holds memory.
///
/// PT_LOADs may overlap in memory: the kernel's text is then in the file twice. In a file that was made to do harm
/// they may overlap in the file as well.
public struct FilePlaces: Sendable {
  /// Memory that lies in the file in one piece.
  private struct Piece {
    var start: UInt64
    var end: UInt64
    var fileOffset: UInt64
  }

  /// A part of a page, and where the file has it.
  public struct Place: Hashable, Sendable {
    /// Counted from the page's first byte.
    public let part: Range<Int>
    public let fileOffset: UInt64
  }

  private let pieces: [Piece]
  private let geometry: PageGeometry

  public init(_ memory: ELFMemory) {
    let implausible = Set(memory.segments.implausibleSegments)
    let fileSize = memory.core.fileSize
    var pieces: [Piece] = []
    for load in memory.core.loads
    where !load.hasNoPhysicalAddress && !implausible.contains(load) && load.fileOffset.rawValue < fileSize {
      let size = min(load.fileSize, load.memorySize, fileSize - load.fileOffset.rawValue)
      let start = load.physicalAddress.rawValue
      pieces.append(Piece(start: start, end: start + size, fileOffset: load.fileOffset.rawValue))
    }
    self.pieces = pieces
    geometry = memory.segments.geometry
  }

  /// Where the file has a page, in whole or in part, in the order of the PT_LOADs.
  public func places(of pfn: PFN) -> [Place] {
    let page = geometry.address(of: pfn).rawValue
    var places: [Place] = []
    for piece in pieces {
      let start = max(piece.start, page)
      let end = min(piece.end, page + UInt64(geometry.size))
      guard start < end else { continue }
      places.append(
        Place(
          part: Int(start - page)..<Int(end - page), fileOffset: piece.fileOffset + (start - piece.start)))
    }
    return places
  }

  /// Whether the bytes at a place of a page are memory of another address as well: what changes the one changes the
  /// other.
  public func isShared(_ place: Place, of pfn: PFN) -> Bool {
    let address = geometry.address(of: pfn).rawValue + UInt64(place.part.lowerBound)
    let end = place.fileOffset + UInt64(place.part.count)
    return pieces.contains { piece in
      piece.fileOffset < end && piece.fileOffset + (piece.end - piece.start) > place.fileOffset
        && piece.start &- piece.fileOffset != address &- place.fileOffset
    }
  }
}
