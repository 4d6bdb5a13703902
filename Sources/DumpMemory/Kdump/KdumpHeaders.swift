internal import Platform

/// The two headers of a kdump-compressed dump, of any header_version from 1 on.
public struct KdumpHeaders: Hashable, Sendable {
  /// `header_version`
  public let version: Int32
  public let header: DiskdumpHeader
  /// What the version does not have yet is zero.
  public let subHeader: KdumpSubHeader
  /// The frames whose pages one file of a split dump holds (header_version 2); nil in a whole dump.
  public var splitRange: Range<PFN>? { subHeader.split }
  /// `total_ram_blocks`, `device_blocks`, `written_blocks` and `current_cpu`, which nobody goes by.
  package let obsolete: [UInt32]

  /// The smallest version whose sub header has `dump_level`, and the only ones with a meaning known.
  package static let versions: ClosedRange<Int32> = 1...6

  private static let bigEndian =
    "a kdump-compressed dump of a big-endian machine (s390x, ppc64); only \(MachineKind.all) can be read"

  /// Bytes of a page and of a block.
  public var blockSize: UInt64 { UInt64(header.blockSize) }
  /// Where the first bitmap begins.
  package var bitmaps: UInt64 { (1 + UInt64(header.subHeaderBlocks)) * blockSize }
  /// Frames that each bitmap covers.
  public var maxMapNumber: UInt64 { subHeader.maxMapNumber }
  /// Blocks of a bitmap of so many frames.
  var blocksOfBitmap: UInt64 { Self.blocksOfBitmap(maxMapNumber, blockSize: blockSize) }
  static func blocksOfBitmap(_ frames: UInt64, blockSize: UInt64) -> UInt64 {
    (frames + 8 * blockSize - 1) / (8 * blockSize)
  }
  /// `nr_cpus`
  public var processorCount: Int32 { header.processorCount }

  /// Blocks that libkdumpfile takes too.
  private static let blockSizes: ClosedRange<Int32> = 4096...262144

  package init(_ file: InputFile) throws(VmcoreError) {
    let (version, header, obsolete) = try Self.first(of: file)
    let place = UInt64(header.blockSize)
    var bytes = try MappedBuffer.allocate(byteCount: KdumpSubHeader.byteCount)
    guard header.subHeaderBlocks > 0,
      try file.fill(&bytes, at: FileOffset(place)) == KdumpSubHeader.byteCount
    else { throw .malformed(path: file.path, at: FileOffset(place), "the dump has no sub header") }
    if let contradiction = KdumpSubHeader.contradiction(
      in: bytes.bytes, version: version, maxMapNumber: header.maxMapNumber)
    {
      throw .malformed(
        path: file.path, at: FileOffset(place),
        contradiction + "; vmsieve repair makes the sub header anew, but for a file of a split dump")
    }
    self.version = version
    self.header = header
    self.obsolete = obsolete
    subHeader = KdumpSubHeader(decoding: bytes.bytes, version: version, maxMapNumber: header.maxMapNumber)
  }

  /// The first block's structure alone.
  package static func first(
    of file: InputFile
  ) throws(VmcoreError) -> (version: Int32, header: DiskdumpHeader, obsolete: [UInt32]) {
    var bytes = try MappedBuffer.allocate(byteCount: DiskdumpHeader.byteCount)
    let count = try file.fill(&bytes, at: FileOffset(0))
    guard recognises(bytes.bytes.extracting(0..<count)) else {
      throw .foreign(path: file.path, "not a kdump-compressed dump")
    }
    guard count == DiskdumpHeader.byteCount else {
      throw .malformed(path: file.path, at: FileOffset(0), "the dump ends in its header")
    }
    let version = DiskdumpHeader.Layout.headerVersion.load(from: bytes.bytes)
    guard !versions.contains(version.byteSwapped) else {
      throw .foreign(path: file.path, KdumpHeaders.bigEndian)
    }
    guard versions.contains(version) else {
      throw .foreign(
        path: file.path,
        version == 0
          ? "a dump of header_version 0: its header does not have a dump_level member"
          : "a dump of header_version \(version); 1 to 6 can be read")
    }
    let header = DiskdumpHeader(decoding: bytes.bytes)
    guard blockSizes.contains(header.blockSize), header.blockSize.nonzeroBitCount == 1 else {
      throw .malformed(
        path: file.path, at: DiskdumpHeader.Layout.blockSize.fileOffset,
        "block_size is \(header.blockSize)")
    }
    return (version, header, DiskdumpHeader.Layout.obsolete.map { $0.load(from: bytes.bytes) })
  }

  /// Headers that stand for those of a file in which one is lost.
  package init(header: DiskdumpHeader, subHeader: KdumpSubHeader) {
    version = DiskdumpHeader.version
    self.header = header
    self.subHeader = subHeader
    obsolete = DiskdumpHeader.Layout.obsolete.map { _ in 0 }
  }

  /// Whether these are the first bytes of a kdump-compressed dump.
  package static func recognises(_ bytes: RawSpan) -> Bool {
    bytes.byteCount >= 8 && DiskdumpHeader.Layout.signature.load(from: bytes) == DiskdumpHeader.signature
  }

  package static func recognises(_ file: InputFile) throws(VmcoreError) -> Bool {
    var bytes = try MappedBuffer.allocate(byteCount: 8)
    let count = try file.fill(&bytes, at: FileOffset(0))
    return recognises(bytes.bytes.extracting(0..<count))
  }
}
