internal import Platform

/// A kdump-compressed dump open for reading: headers, and where everything lies.
///
/// The dump may be damaged, cut anywhere behind its bitmaps, or made to do harm: every size and place is
/// checked against the file before it is used, and memory is taken in proportion to the file.
public final class KdumpFile: Sendable {
  public let file: InputFile
  public let headers: KdumpHeaders
  /// The frames that the crashed machine had (first bitmap).
  public let frames: PFNRanges
  let ranks: FrameRanks
  /// File offset of the second bitmap.
  package let bitmap: UInt64
  /// File offset of the page descriptors.
  package let descriptors: UInt64
  /// Pages of the second bitmap below the first frame of a split file: they have no descriptors in it.
  package let firstRank: UInt64
  /// Pages that have a descriptor.
  public let pageCount: UInt64

  /// More stretches of memory than any machine has; each costs 16 bytes.
  private static let mostRanges = 1 << 20
  /// Those of 4 PiB, where physical addresses end.
  static let mostFrames: UInt64 = 1 << 40

  /// - Parameter given: what counts instead of the headers of the file, where these are lost.
  /// - Throws: ``VmcoreError/foreign(path:_:)`` for another kind of file,
  ///   ``VmcoreError/malformed(path:at:_:)`` where headers and bitmaps are not all there or contradict
  ///   themselves.
  public init(_ file: InputFile, headers given: KdumpHeaders? = nil) throws(VmcoreError) {
    let headers: KdumpHeaders
    if let given { headers = given } else { headers = try KdumpHeaders(file) }
    let block = headers.blockSize
    let maxMapNumber = headers.maxMapNumber
    guard maxMapNumber > 0, maxMapNumber <= Self.mostFrames else {
      throw .malformed(path: file.path, at: FileOffset(block + 96), "max_mapnr is \(maxMapNumber)")
    }
    let needed = headers.blocksOfBitmap
    let blocks = UInt64(headers.header.bitmapBlocks)
    guard blocks >= needed else {
      throw .malformed(
        path: file.path, at: FileOffset(436), "bitmap_blocks is \(blocks), too few for \(maxMapNumber) frames"
      )
    }
    // A dump with one bitmap, which is then of the pages that it has.
    let half = blocks >= 2 * needed ? blocks / 2 : 0
    let first = headers.bitmaps
    let second = first + half * block
    let descriptors = first + blocks * block
    guard second + needed * block <= file.size else {
      throw .malformed(
        path: file.path, at: FileOffset(file.size),
        "the dump ends in its bitmaps, without which no page is found")
    }

    var bits = try KdumpBitmapReader(maxMapNumber, in: file, at: first)
    var dumped = try KdumpBitmapReader(maxMapNumber, in: file, at: second)
    frames = try bits.ranges(with: &dumped, mostRanges: Self.mostRanges)
    let ranks = try dumped.ranks()
    if let split = headers.splitRange {
      firstRank = try dumped.rank(of: split.lowerBound, ranks)
      pageCount = try dumped.rank(of: split.upperBound, ranks) - firstRank
    } else {
      firstRank = 0
      pageCount = ranks.total
    }
    self.ranks = ranks
    self.headers = headers
    self.descriptors = descriptors
    bitmap = second
    self.file = file
  }

  /// Whether pages of zeros share one, by the dump level.
  var sharesZeros: Bool { headers.subHeader.dumpLevel & 1 != 0 }

  package var pageSize: Int { Int(headers.blockSize) }

  /// Where the data of pages may begin.
  package var dataStart: UInt64 { descriptors + pageCount * UInt64(PageDescriptor.byteCount) }

  /// Where the page lies that all pages of zeros share, if there is one. In a file of a split dump it is behind
  /// the room for the descriptors of all files' pages.
  package var sharedPage: UInt64 {
    headers.splitRange == nil ? dataStart : descriptors + ranks.total * UInt64(PageDescriptor.byteCount)
  }

  package func descriptorOffset(_ index: UInt64) -> UInt64 {
    descriptors + index * UInt64(PageDescriptor.byteCount)
  }

  /// Descriptors that are wholly in the file.
  package var descriptorsInFile: UInt64 {
    min(pageCount, (file.size - min(file.size, descriptors)) / UInt64(PageDescriptor.byteCount))
  }
}
