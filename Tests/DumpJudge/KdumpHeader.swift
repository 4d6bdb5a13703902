/// Every field of the two headers of a kdump-compressed dump, as they are in the file.
public struct KdumpHeader: Equatable {
  public var signature: [UInt8]
  public var version: Int32
  /// sysname, nodename, release, version, machine, domainname; 65 bytes each.
  public var utsname: [[UInt8]]
  public var seconds: Int64
  public var microseconds: Int64
  public var status: UInt32
  public var blockSize: Int32
  public var subHeaderBlocks: Int32
  public var bitmapBlocks: UInt32
  public var maxMapNumber32: UInt32
  public var totalRAMBlocks: UInt32
  public var deviceBlocks: UInt32
  public var writtenBlocks: UInt32
  public var currentProcessor: UInt32
  public var processorCount: Int32

  public var physicalBase: Int64
  public var dumpLevel: Int32
  public var split: Int32
  public var startPFN32: UInt64
  public var endPFN32: UInt64
  public var vmcoreinfoOffset: UInt64
  public var vmcoreinfoSize: UInt64
  public var noteOffset: UInt64
  public var noteSize: UInt64
  public var eraseInfoOffset: UInt64
  public var eraseInfoSize: UInt64
  public var startPFN: UInt64
  public var endPFN: UInt64
  public var maxMapNumber: UInt64

  /// Whether the status says that pages are missing (DUMP_DH_COMPRESSED_INCOMPLETE).
  public var isIncomplete: Bool { status & 0x08 != 0 }

  public var release: String { String(decoding: utsname[2].prefix { $0 != 0 }, as: UTF8.self) }
  public var machine: String { String(decoding: utsname[4].prefix { $0 != 0 }, as: UTF8.self) }

  init(_ file: MappedFile) throws(JudgeError) {
    guard let signature = file.bytes(0, 8), signature == Array("KDUMP   ".utf8) else {
      throw JudgeError(file.path, "is not a kdump-compressed dump")
    }
    self.signature = signature
    version = try file.load(8, as: Int32.self)
    guard version >= 6 else { throw JudgeError(file.path, "has header version \(version)") }
    utsname = (0..<6).map { file.bytes(UInt64(12 + 65 * $0), 65) ?? [] }
    seconds = try file.load(408, as: Int64.self)
    microseconds = try file.load(416, as: Int64.self)
    status = try file.load(424, as: UInt32.self)
    blockSize = try file.load(428, as: Int32.self)
    subHeaderBlocks = try file.load(432, as: Int32.self)
    bitmapBlocks = try file.load(436, as: UInt32.self)
    maxMapNumber32 = try file.load(440, as: UInt32.self)
    totalRAMBlocks = try file.load(444, as: UInt32.self)
    deviceBlocks = try file.load(448, as: UInt32.self)
    writtenBlocks = try file.load(452, as: UInt32.self)
    currentProcessor = try file.load(456, as: UInt32.self)
    processorCount = try file.load(460, as: Int32.self)
    guard blockSize >= 4096, blockSize <= 262144, blockSize.nonzeroBitCount == 1, subHeaderBlocks > 0 else {
      throw JudgeError(file.path, "has block size \(blockSize), sub header blocks \(subHeaderBlocks)")
    }

    let at = UInt64(blockSize)
    physicalBase = try file.load(at, as: Int64.self)
    dumpLevel = try file.load(at + 8, as: Int32.self)
    split = try file.load(at + 12, as: Int32.self)
    startPFN32 = try file.load(at + 16, as: UInt64.self)
    endPFN32 = try file.load(at + 24, as: UInt64.self)
    vmcoreinfoOffset = try file.load(at + 32, as: UInt64.self)
    vmcoreinfoSize = try file.load(at + 40, as: UInt64.self)
    noteOffset = try file.load(at + 48, as: UInt64.self)
    noteSize = try file.load(at + 56, as: UInt64.self)
    eraseInfoOffset = try file.load(at + 64, as: UInt64.self)
    eraseInfoSize = try file.load(at + 72, as: UInt64.self)
    startPFN = try file.load(at + 80, as: UInt64.self)
    endPFN = try file.load(at + 88, as: UInt64.self)
    maxMapNumber = try file.load(at + 96, as: UInt64.self)
  }
}
