internal import DumpMemory

/// Physical memory as a row of cells, each of the class that most of its frames are of. Holes between ranges are left out.
struct MemoryPicture {
  /// What a cell shows.
  enum Shade: Equatable {
    case pages(PageClass)
    /// The file has no page of it.
    case absent
  }

  /// A range of memory, and where its cells begin.
  struct Part {
    let start: PhysicalAddress
    let cell: Int
  }

  let framesPerCell: UInt64
  let cells: [Shade]
  let parts: [Part]

  /// More than one can tell apart.
  static let mostCells: UInt64 = 6144

  /// - Parameters:
  ///   - present: frames that the file has.
  ///   - kept: those of them that no level leaves out.
  init(
    _ frames: PFNRanges, geometry: PageGeometry, present: borrowing PFNBitmap, kept: borrowing PFNBitmap,
    _ classes: (Range<PFN>) -> [PageClass: UInt64]
  ) {
    // Each range begins a cell of its own, and there may be many.
    let ranges = frames.ranges.prefix(Int(Self.mostCells) / 4)
    let perCell = max((frames.count + Self.mostCells - 1) / Self.mostCells, 1)
    var cells: [Shade] = []
    var parts: [Part] = []
    for range in ranges {
      parts.append(Part(start: geometry.address(of: range.lowerBound), cell: cells.count))
      var at = range.lowerBound
      while at < range.upperBound {
        let end = min(PFN(at.rawValue + perCell), range.upperBound)
        var counts = classes(at..<end)
        counts[.other] = kept.count(in: at..<end)
        let most = PageClass.allCases.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? .other
        let isThere = present.count(in: at..<end) * 2 > UInt64(at.distance(to: end))
        cells.append(isThere || counts[most, default: 0] > 0 ? .pages(most) : .absent)
        at = end
      }
    }
    framesPerCell = perCell
    self.cells = cells
    self.parts = parts
  }
}
