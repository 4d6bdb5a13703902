/// What a dump's headers say of the crashed machine and of what is in the dump: what a new dump of it has to take over.
public struct DumpFacts: Hashable, Sendable {
  public var utsname: UtsName
  /// CRASHTIME of VMCOREINFO: seconds since 1970, 0 where it is not known.
  public var crashTime: Int64
  /// Processors of the crashed machine.
  public var processorCount: Int32
  /// `phys_base` of x86_64, in two's complement: the kernel may lie below its link address.
  public var physicalBase: UInt64
  /// What is left out.
  public var dumpLevel: DumpLevel
  /// What was changed in the pages on their way, a line each (`offset_eraseinfo`); empty if nothing was.
  public var eraseInfo: String
  /// The frames whose pages the file has, if it is one of a split dump; nil for a whole dump.
  public var split: Range<PFN>?

  public init(
    utsname: UtsName, crashTime: Int64, processorCount: Int32, physicalBase: UInt64, dumpLevel: DumpLevel,
    eraseInfo: String = "", split: Range<PFN>? = nil
  ) {
    self.utsname = utsname
    self.crashTime = crashTime
    self.processorCount = processorCount
    self.physicalBase = physicalBase
    self.dumpLevel = dumpLevel
    self.eraseInfo = eraseInfo
    self.split = split
  }

  private static let unreadablePrefix = "unreadable pages: "

  /// The line of ``eraseInfo`` that says which pages of the dead kernel's memory could not be read.
  ///
  /// - Parameter first: the physical address of the first.
  public static func unreadableRecord(pages: UInt64, first: UInt64) -> String {
    unreadablePrefix
      + "\(pages) of the vmcore could not be read and are left out, first 0x\(String(first, radix: 16))\n"
  }

  /// What ``eraseInfo`` says of pages that could not be read, a sentence each.
  public var unreadableRecords: [Substring] {
    eraseInfo.split(separator: "\n").filter { $0.hasPrefix(Self.unreadablePrefix) }
      .map { $0.dropFirst(Self.unreadablePrefix.count) }
  }
}
