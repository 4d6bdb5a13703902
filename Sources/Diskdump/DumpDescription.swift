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
  /// Whether pages that cannot be read are left out of a dump that is then whole: the source is the dead kernel's
  /// memory, and they are nowhere else. Those that a file lost stay missing in a dump that is marked incomplete.
  public var leavesOutUnreadable: Bool

  public init(
    utsname: UtsName, crashTime: Int64, processorCount: Int32, physicalBase: Int64, dumpLevel: Int32,
    compression: DumpStatus, vmcoreinfo: Range<Int>, eraseInfo: String = "",
    blockSize: Int = 4096, split: Range<PFN>? = nil, isIncomplete: Bool = false,
    leavesOutUnreadable: Bool = true
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
    self.leavesOutUnreadable = leavesOutUnreadable
  }

  static let unreadablePrefix = "unreadable pages: "

  /// The line that says which pages of the dead kernel's memory could not be read.
  ///
  /// - Parameter first: the physical address of the first.
  public static func unreadableRecord(pages: UInt64, first: UInt64) -> String {
    unreadablePrefix
      + "\(pages) of the vmcore could not be read and are left out, first 0x\(String(first, radix: 16))\n"
  }

  /// Whether zero pages share one block.
  public var sharesZeroPages: Bool { dumpLevel & 1 != 0 }
}
