internal import Platform

/// The two headers of a kdump-compressed dump, of any header_version from 1 on.
public struct KdumpHeaders: Hashable, Sendable {
  /// `header_version`
  public let version: Int32
  public let header: DiskdumpHeader
  /// What the version does not have yet is zero.
  public let subHeader: KdumpSubHeader
  /// The frames whose pages one file of a split dump holds (header_version 2); nil in a whole dump.
  public let splitRange: Range<PFN>?
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
  /// `nr_cpus`
  public var processorCount: Int32 { header.processorCount }

  /// Blocks that libkdumpfile takes too.
  private static let blockSizes: ClosedRange<Int32> = 4096...262144

  package init(_ file: InputFile) throws(VmcoreError) {
    var bytes = try Self.buffer(DiskdumpHeader.byteCount)
    let count = try Self.fill(&bytes, from: file, at: 0)
    guard Self.recognises(bytes.bytes.extracting(0..<count)) else {
      throw .foreign(path: file.path, "not a kdump-compressed dump")
    }
    guard count == DiskdumpHeader.byteCount else {
      throw .malformed(path: file.path, at: FileOffset(0), "the dump ends in its header")
    }
    let version: Int32 = bytes.bytes.field(8)
    guard !Self.versions.contains(version.byteSwapped) else {
      throw .foreign(path: file.path, KdumpHeaders.bigEndian)
    }
    guard Self.versions.contains(version) else {
      throw .foreign(
        path: file.path,
        version == 0
          ? "a dump of header_version 0: its header does not have a dump_level member"
          : "a dump of header_version \(version); 1 to 6 can be read")
    }
    let header = DiskdumpHeader(decoding: bytes.bytes)
    guard Self.blockSizes.contains(header.blockSize), header.blockSize.nonzeroBitCount == 1 else {
      throw .malformed(path: file.path, at: FileOffset(428), "block_size is \(header.blockSize)")
    }
    let place = UInt64(header.blockSize)
    var subBytes = try Self.buffer(KdumpSubHeader.byteCount)
    guard header.subHeaderBlocks > 0,
      try Self.fill(&subBytes, from: file, at: place) == KdumpSubHeader.byteCount
    else { throw .malformed(path: file.path, at: FileOffset(place), "the dump has no sub header") }
    let sub = subBytes.bytes

    self.version = version
    self.header = header
    obsolete = [444, 448, 452, 456].map { bytes.bytes.field($0) }
    subHeader = KdumpSubHeader(
      physicalBase: sub.field(0), dumpLevel: sub.field(8),
      vmcoreinfo: version >= 3 ? Self.range(sub, 32) : 0..<0,
      notes: version >= 4 ? Self.range(sub, 48) : 0..<0,
      eraseInfo: version >= 5 ? Self.range(sub, 64) : 0..<0,
      maxMapNumber: Self.maxMapNumber(version, header, sub))
    splitRange = Self.splitRange(version, sub)
  }

  /// Whether these are the first bytes of a kdump-compressed dump.
  package static func recognises(_ bytes: RawSpan) -> Bool {
    // "KDUMP   "
    bytes.byteCount >= 8 && bytes.field(0) == 0x2020_2050_4d55_444b as UInt64
  }

  package static func recognises(_ file: InputFile) throws(VmcoreError) -> Bool {
    var bytes = try buffer(8)
    let count = try fill(&bytes, from: file, at: 0)
    return recognises(bytes.bytes.extracting(0..<count))
  }

  private static func maxMapNumber(_ version: Int32, _ header: DiskdumpHeader, _ sub: RawSpan) -> UInt64 {
    let wide: UInt64 = version >= 6 ? sub.field(96) : 0
    return wide != 0 ? wide : header.maxMapNumber
  }

  private static func splitRange(_ version: Int32, _ sub: RawSpan) -> Range<PFN>? {
    guard version >= 2, sub.field(12) != (0 as Int32) else { return nil }
    let start: UInt64 = sub.field(version >= 6 ? 80 : 16)
    let end: UInt64 = sub.field(version >= 6 ? 88 : 24)
    return PFN(start)..<PFN(max(start, end))
  }

  /// An offset and a size; empty where they make no range.
  private static func range(_ sub: RawSpan, _ place: Int) -> Range<UInt64> {
    let start: UInt64 = sub.field(place)
    let (end, overflow) = start.addingReportingOverflow(sub.field(place + 8))
    return start == 0 || overflow || end > UInt64(Int64.max) ? 0..<0 : start..<end
  }

  private static func buffer(_ byteCount: Int) throws(VmcoreError) -> PageBuffer {
    do throws(SystemError) { return try PageBuffer(byteCount: byteCount) } catch { throw .system(error) }
  }

  private static func fill(
    _ buffer: inout PageBuffer, from file: InputFile, at offset: UInt64
  ) throws(VmcoreError) -> Int {
    var bytes = buffer.mutableBytes
    do throws(SystemError) { return try file.read(into: &bytes, at: FileOffset(offset)) } catch {
      throw .system(error)
    }
  }
}

extension DiskdumpHeader {
  /// Reads the C structure; there must be all of it.
  package init(decoding bytes: RawSpan) {
    self.init(
      utsname: UtsName(copying: bytes.extracting(12..<12 + UtsName.byteCount)), crashTime: bytes.field(408),
      status: DumpStatus(rawValue: bytes.field(424)), blockSize: bytes.field(428),
      subHeaderBlocks: bytes.field(432), bitmapBlocks: bytes.field(436),
      maxMapNumber: UInt64(bytes.field(440) as UInt32), processorCount: bytes.field(460))
  }
}

extension PageDescriptor {
  /// Reads the first 16 of 24 bytes; `page_flags` has no meaning.
  package init(decoding bytes: RawSpan) {
    self.init(
      offset: bytes.field(0), size: bytes.field(8), flags: PageDescriptorFlags(rawValue: bytes.field(12)))
  }
}

extension RawSpan {
  /// A little-endian field at any place inside.
  @inline(__always)
  package func field<Value: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) -> Value {
    unsafe Value(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}
