/// What a dump's own headers say of the crashed machine and of how the dump was made: what a new dump of it
/// has to take over.
public struct DumpOrigin: Hashable, Sendable {
  public var utsname: UtsName
  /// Seconds since 1970; 0 where it is not known.
  public var crashTime: Int64
  /// Processors of the crashed machine.
  public var processorCount: Int32
  /// `phys_base` of x86_64, in two's complement.
  public var physicalBase: UInt64
  /// What has been left out already.
  public var dumpLevel: DumpLevel
  /// What was changed in the pages already, a line each (eraseinfo).
  public var eraseInfo: String
  /// Frames that this file of a split dump is for; nil for a whole dump.
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
}
