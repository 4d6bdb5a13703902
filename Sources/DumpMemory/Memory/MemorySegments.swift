internal import Platform

/// Where in the file each physical address lies: the PT_LOADs, sorted and freed of overlaps.
public struct MemorySegments: Sendable {
  /// Memory that is alike: in the file from ``fileOffset`` on, or, where that is nil, nowhere in the file.
  struct Extent {
    var start: UInt64
    var end: UInt64
    var fileOffset: UInt64?
  }

  public let geometry: PageGeometry
  /// Every frame that a PT_LOAD touches: the first bitmap.
  public let frames: PFNRanges
  /// Bytes that the PT_LOADs place behind the end of the file: it was cut.
  public let bytesPastEndOfFile: UInt64
  /// Bytes of memory that lie in the file, each counted once.
  let bytesInFile: UInt64
  /// Bytes of memory that PT_LOADs claim, that the file does not have, and that are too many to be believed.
  public let bytesUnbelieved: UInt64
  /// PT_LOADs whose numbers cannot be the machine's, and which are not read.
  public let implausibleSegments: [ProgramHeader]

  /// Frames of which a PT_LOAD speaks and the file lacks some bytes: p_filesz < p_memsz, or a file that was cut.
  public let framesNotInFile: PFNRanges
  /// Of them, those whose bytes lie behind the end of the file.
  public let framesCut: PFNRanges

  let extents: [Extent]

  private let plausibleSegments: [ProgramHeader]

  /// - Parameters:
  ///   - fileSize: bytes of the file; what lies behind is not there.
  ///   - heldSize: those that it really holds; 0 where that is not known.
  ///   - limit: the first physical address that cannot be.
  init(_ loads: [ProgramHeader], fileSize: UInt64, heldSize: UInt64, geometry: PageGeometry, limit: UInt64) {
    var data: [Extent] = []
    var memory: [Extent] = []
    var cut: [Extent] = []
    var plausible: [ProgramHeader] = []
    var pastEnd: UInt64 = 0
    var implausible: [ProgramHeader] = []

    for load in loads where !load.hasNoPhysicalAddress && load.memorySize > 0 {
      let start = load.physicalAddress.rawValue
      let (end, overflow) = start.addingReportingOverflow(load.memorySize)
      let inFile = min(load.fileSize, load.memorySize)
      let (fileEnd, fileOverflow) = load.fileOffset.rawValue.addingReportingOverflow(inFile)
      if overflow || end > limit || fileOverflow || fileEnd > UInt64(Int64.max) {
        implausible.append(load)
        continue
      }
      let present = inFile - min(inFile, fileEnd > fileSize ? fileEnd - fileSize : 0)
      // Thousands of segments may each claim all of the address space.
      pastEnd.add(saturating: inFile - present)
      if present < inFile { cut.append(Extent(start: start + present, end: start + inFile, fileOffset: nil)) }
      if present > 0 {
        data.append(Extent(start: start, end: start + present, fileOffset: load.fileOffset.rawValue))
      }
      memory.append(Extent(start: start, end: end, fileOffset: nil))
      plausible.append(load)
    }

    let found = Self.withoutOverlaps(data)
    var absent = Self.subtract(found, from: Self.withoutOverlaps(memory))
    let absentBytes = Self.byteCount(of: absent)
    if Self.isUnbelievable(absentBytes, in: heldSize) {
      // Two bits for each of its frames would be in the dump.
      bytesUnbelieved = absentBytes
      absent = []
      memory = data
      cut = []
    } else {
      bytesUnbelieved = 0
    }
    let touched = memory.map { geometry.frames(from: $0.start, to: $0.end) }
    let maxMapNumber = touched.reduce(0) { max($0, $1.upperBound.rawValue) }
    self.geometry = geometry
    frames = PFNRanges(touched, maxMapNumber: maxMapNumber)
    plausibleSegments = plausible
    bytesPastEndOfFile = pastEnd
    implausibleSegments = implausible
    framesNotInFile = PFNRanges(
      absent.map { geometry.frames(from: $0.start, to: $0.end) }, maxMapNumber: maxMapNumber)
    let lost = Self.subtract(found, from: Self.withoutOverlaps(cut))
    framesCut = PFNRanges(
      lost.map { geometry.frames(from: $0.start, to: $0.end) }, maxMapNumber: maxMapNumber)
    extents = Self.merge(found, right: absent)
    bytesInFile = Self.byteCount(of: found)
  }

  private static func byteCount(of extents: [Extent]) -> UInt64 {
    extents.reduce(0) { $0 + ($1.end - $1.start) }
  }

  private static let mostClaimed: UInt64 = 1 << 40
  private static let mostClaimedPerByte: UInt64 = 4096

  /// Whether no kernel leaves so much memory with so few bytes in it: its page structures alone are a 64th of it.
  static func isUnbelievable(_ byteCount: UInt64, in heldSize: UInt64) -> Bool {
    byteCount > mostClaimed && heldSize > 0 && byteCount / mostClaimedPerByte > heldSize
  }

  /// Frames of those PT_LOADs for which the body returns true.
  func frames(ofSegments isWanted: (ProgramHeader) -> Bool) -> PFNRanges {
    PFNRanges(
      plausibleSegments.filter(isWanted).map {
        let start = $0.physicalAddress.rawValue
        return geometry.frames(from: start, to: start + $0.memorySize)
      }, maxMapNumber: frames.maxMapNumber)
  }

  /// The extent that holds an address, or else the next one above it.
  func firstExtent(endingAfter address: UInt64) -> Int {
    extents.partitionPoint(behind: { $0.end > address })
  }

  /// Cuts from each extent what an earlier one covers: the kernel's text lies in two PT_LOADs.
  private static func withoutOverlaps(_ unordered: [Extent]) -> [Extent] {
    var result: [Extent] = []
    result.reserveCapacity(unordered.count)
    var covered: UInt64 = 0
    for extent in unordered.sorted(by: { ($0.start, $1.end) < ($1.start, $0.end) }) {
      let start = max(extent.start, covered)
      if start >= extent.end { continue }
      let offset = extent.fileOffset.map { $0 + (start - extent.start) }
      result.append(Extent(start: start, end: extent.end, fileOffset: offset))
      covered = extent.end
    }
    return result
  }

  private static func subtract(_ taken: [Extent], from extents: [Extent]) -> [Extent] {
    var result: [Extent] = []
    var index = 0
    for extent in extents {
      var start = extent.start
      while index < taken.count, taken[index].end <= start { index += 1 }
      var next = index
      while next < taken.count, taken[next].start < extent.end {
        if taken[next].start > start {
          result.append(Extent(start: start, end: taken[next].start, fileOffset: nil))
        }
        start = max(start, taken[next].end)
        next += 1
      }
      if start < extent.end { result.append(Extent(start: start, end: extent.end, fileOffset: nil)) }
    }
    return result
  }

  private static func merge(_ left: [Extent], right: [Extent]) -> [Extent] {
    (left + right).sorted { $0.start < $1.start }
  }
}

extension PageGeometry {
  /// The frames that a stretch of memory touches, in whole or in part.
  package func frames(from start: UInt64, to end: UInt64) -> Range<PFN> {
    PFN(start >> shift)..<PFN((end + UInt64(size) - 1) >> shift)
  }
}
