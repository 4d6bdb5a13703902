/// The first block of a kdump-compressed dump (`struct disk_dump_header`, header_version 6, x86_64).
public struct DiskdumpHeader: Hashable, Sendable {
  /// The C structure's size; the rest of its block is zero.
  public static let byteCount = 464
  public static let version: Int32 = 6

  /// `struct disk_dump_header`
  package enum Layout {
    /// `signature`, "KDUMP   "
    package static var signature: Field<UInt64> { Field(0) }
    package static var headerVersion: Field<Int32> { Field(8) }
    static var utsname: Range<Int> { 12..<12 + UtsName.byteCount }
    /// `timestamp.tv_sec`; `tv_usec` follows.
    static var timestamp: Field<Int64> { Field(408) }
    package static var status: Field<UInt32> { Field(424) }
    static var blockSize: Field<Int32> { Field(428) }
    static var subHeaderSize: Field<Int32> { Field(432) }
    static var bitmapBlocks: Field<UInt32> { Field(436) }
    /// `max_mapnr`
    static var maxMapNumber: Field<UInt32> { Field(440) }
    /// `total_ram_blocks`, `device_blocks`, `written_blocks` and `current_cpu`
    static var obsolete: [Field<UInt32>] { [Field(444), Field(448), Field(452), Field(456)] }
    /// `nr_cpus`
    static var processorCount: Field<Int32> { Field(460) }
  }

  package static let signature: UInt64 = 0x2020_2050_4d55_444b

  public var utsname: UtsName
  /// When the machine crashed, in seconds since 1970 (`timestamp.tv_sec`).
  public var crashTime: Int64
  public var status: DumpStatus
  /// Bytes of a block, which is a page as well (`block_size`).
  public var blockSize: Int32
  /// Blocks of the sub header and the notes behind it (`sub_hdr_size`).
  public var subHeaderBlocks: Int32
  /// Blocks of both bitmaps together (`bitmap_blocks`).
  public var bitmapBlocks: UInt32
  /// Frames that each bitmap covers; the field is too narrow for them all, and readers go by the sub header.
  public var maxMapNumber: UInt64
  /// `nr_cpus`
  public var processorCount: Int32

  public init(
    utsname: UtsName, crashTime: Int64, status: DumpStatus, blockSize: Int32, subHeaderBlocks: Int32,
    bitmapBlocks: UInt32, maxMapNumber: UInt64, processorCount: Int32
  ) {
    self.utsname = utsname
    self.crashTime = crashTime
    self.status = status
    self.blockSize = blockSize
    self.subHeaderBlocks = subHeaderBlocks
    self.bitmapBlocks = bitmapBlocks
    self.maxMapNumber = maxMapNumber
    self.processorCount = processorCount
  }

  /// Writes the C structure over zeros; `tv_usec` and what is obsolete stays zero.
  ///
  /// libkdumpfile tries the 32-bit structure first, whose `block_size` lies where `tv_usec` does: any other
  /// value there may make it take the dump for an i386 one.
  public func encode(into output: inout MutableRawSpan) {
    Layout.signature.store(Self.signature, in: &output)
    Layout.headerVersion.store(Self.version, in: &output)
    utsname.encode(into: &output, at: Layout.utsname.lowerBound)
    Layout.timestamp.store(crashTime, in: &output)
    Layout.status.store(status.rawValue, in: &output)
    Layout.blockSize.store(blockSize, in: &output)
    Layout.subHeaderSize.store(subHeaderBlocks, in: &output)
    Layout.bitmapBlocks.store(bitmapBlocks, in: &output)
    Layout.maxMapNumber.store(UInt32(clamping: maxMapNumber), in: &output)
    Layout.processorCount.store(processorCount, in: &output)
  }

  /// Reads the C structure; there must be all of it.
  package init(decoding bytes: RawSpan) {
    self.init(
      utsname: UtsName(copying: bytes.extracting(Layout.utsname)),
      crashTime: Layout.timestamp.load(from: bytes),
      status: DumpStatus(rawValue: Layout.status.load(from: bytes)),
      blockSize: Layout.blockSize.load(from: bytes), subHeaderBlocks: Layout.subHeaderSize.load(from: bytes),
      bitmapBlocks: Layout.bitmapBlocks.load(from: bytes),
      maxMapNumber: UInt64(Layout.maxMapNumber.load(from: bytes)),
      processorCount: Layout.processorCount.load(from: bytes))
  }
}
