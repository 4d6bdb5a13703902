internal import DumpMemory

/// How fast this machine makes dumps of a vmcore.
struct BenchRequest: Equatable {
  var memory: MemoryRequest
  var usesJSON: Bool
  var level: DumpLevel
  /// The most threads that are tried; nil is as many as there are usable processors.
  var threads: Int?
  /// Bytes a second that the target of the dump takes.
  var targetSpeed: UInt64

  /// 200 MB/s: a hard disk, or a network of 2 Gbit/s.
  static let usualTargetSpeed: UInt64 = 200_000_000
  /// The level that most systems use.
  static let usualLevel = DumpLevel(rawValue: 31)
}
