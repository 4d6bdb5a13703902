public import Vmcore

/// What a dump's headers say of the crashed machine and of how the dump was made.
public struct DumpDescription: Hashable, Sendable {
  public var utsname: UtsName
  /// CRASHTIME of VMCOREINFO: seconds since 1970, 0 where it is not known.
  public var crashTime: Int64
  /// Processors of the crashed machine: its NT_PRSTATUS notes.
  public var processorCount: Int32
  /// `phys_base` of x86_64.
  public var physicalBase: Int64
  /// The `-d` level; bit 0 lets zero pages share one block.
  public var dumpLevel: Int32
  /// The compressor that was asked for; the writer itself adds and takes away ``DumpStatus/incomplete``.
  public var compression: DumpStatus
  /// Bytes of the VMCOREINFO text within the notes; empty where there is none.
  public var vmcoreinfo: Range<Int>
  /// What was changed in the pages on their way, a line each (`offset_eraseinfo`); empty if nothing was.
  public var eraseInfo: String
  /// Bytes of a page and of a block: a power of two from 4096.
  public var blockSize: Int
  /// The frames whose pages the file has, if it is one of a split dump; each has the bitmaps of all.
  public var split: Range<PFN>?
  /// Whether pages were lost before: the dump then stays marked incomplete.
  public var isIncomplete: Bool

  public init(
    utsname: UtsName, crashTime: Int64, processorCount: Int32, physicalBase: Int64, dumpLevel: Int32,
    compression: DumpStatus, vmcoreinfo: Range<Int>, eraseInfo: String = "",
    blockSize: Int = 4096, split: Range<PFN>? = nil, isIncomplete: Bool = false
  ) {
    self.utsname = utsname
    self.crashTime = crashTime
    self.processorCount = processorCount
    self.physicalBase = physicalBase
    self.dumpLevel = dumpLevel
    self.compression = compression
    self.vmcoreinfo = vmcoreinfo
    self.eraseInfo = eraseInfo
    self.blockSize = blockSize
    self.split = split
    self.isIncomplete = isIncomplete
  }

  /// Whether zero pages share one block.
  public var sharesZeroPages: Bool { dumpLevel & 1 != 0 }
}
