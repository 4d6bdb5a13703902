internal import DumpMemory
internal import PageCompression

/// A dump of a vmcore.
struct DumpRequest: Equatable {
  enum Format: Equatable {
    case kdump(Codec)
    /// `-E`
    case elf
  }

  var memory = MemoryRequest()
  var destination = Destination.stream
  /// Whether a file that is there already may be overwritten.
  var overwrites = false
  var format = Format.kdump(.none)
  /// `--compression-level`; nil for the codec's usual one.
  var level: Int32?
  /// Never empty: the first is used, each other one when the target had no room for the dump before.
  var levels: [DumpLevel] = [[]]
  /// The most bytes that the dump file may have; nil is as many as fit.
  var sizeLimit: UInt64?
  /// `--deadline`: seconds after which the dump is closed with what it has; nil for none.
  var deadline: UInt64?
  /// How many threads compress; nil is as many as there are usable processors.
  var threads: Int?
  /// `--max-memory`: bytes that the program may take; nil for half of what is available.
  var memoryLimit: UInt64?
  /// Whether all is done except writing.
  var isDryRun = false
  /// `--keep-comm`: names of processes.
  var keptProcesses: [String] = []
  /// `--skip-done`: what the file is made of; nil without.
  var record: OutputRecord?
  /// `--report`: where what the crashed kernel tells is written besides.
  var report: String?

  /// Ten years, in seconds.
  static let longestDeadline: UInt64 = 315_360_000

  var codec: Codec {
    if case .kdump(let codec) = format { codec } else { .none }
  }

  var writesELF: Bool { format == .elf }

  /// Whether the file appears whole or not at all.
  var isRepeatable: Bool {
    if case .part = destination { true } else { record != nil }
  }

  var isSplit: Bool {
    if case .files = destination { true } else { false }
  }
}
