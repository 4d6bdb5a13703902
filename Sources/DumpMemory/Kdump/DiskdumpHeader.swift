/// The first block of a kdump-compressed dump (`struct disk_dump_header`, header_version 6, x86_64).
public struct DiskdumpHeader: Hashable, Sendable {
  /// The C structure's size; the rest of its block is zero.
  public static let byteCount = 464
  public static let version: Int32 = 6
  /// Where `status` is.
  package static let statusPlace: UInt64 = 424

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
    // "KDUMP   "
    output.storeBytes(of: (0x2020_2050_4d55_444b as UInt64).littleEndian, toByteOffset: 0, as: UInt64.self)
    output.storeBytes(of: DiskdumpHeader.version.littleEndian, toByteOffset: 8, as: Int32.self)
    utsname.encode(into: &output, at: 12)
    output.storeBytes(of: crashTime.littleEndian, toByteOffset: 408, as: Int64.self)
    output.storeBytes(of: status.rawValue.littleEndian, toByteOffset: 424, as: UInt32.self)
    output.storeBytes(of: blockSize.littleEndian, toByteOffset: 428, as: Int32.self)
    output.storeBytes(of: subHeaderBlocks.littleEndian, toByteOffset: 432, as: Int32.self)
    output.storeBytes(of: bitmapBlocks.littleEndian, toByteOffset: 436, as: UInt32.self)
    output.storeBytes(of: UInt32(clamping: maxMapNumber).littleEndian, toByteOffset: 440, as: UInt32.self)
    output.storeBytes(of: processorCount.littleEndian, toByteOffset: 460, as: Int32.self)
  }
}
