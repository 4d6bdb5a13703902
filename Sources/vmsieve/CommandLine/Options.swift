internal import DumpMemory
internal import PageCompression

/// The options of a line, before it is known which task they are for.
struct Options: Equatable {
  /// All but the vmcore's path.
  var memory = MemoryRequest()

  // MARK: - Tasks

  /// `--dump-dmesg`
  var wantsLog = false
  /// `-R`
  var rearranges = false
  /// `--split`
  var splits = false
  /// `--split-part`
  var part: SplitPart?
  /// `--reassemble`
  var reassembles = false
  /// `--unchecked`
  var isUnchecked = false
  /// `--mem-usage`
  var wantsMemoryUsage = false
  /// `-g`: where the VMCOREINFO of a vmlinux goes.
  var generated: String?

  // MARK: - How they are done

  /// Whether the output goes to stdout, a dump in the flattened form (`-F`).
  var flattens = false
  var writesELF = false
  var codec = Codec.none
  /// `--compression-level`, as it was given.
  var compressionLevel: String?
  /// Never empty.
  var dumpLevels: [DumpLevel] = [[]]
  var overwrites = false
  /// `--skip-done`
  var skipsDone = false
  /// The most bytes that the dump file may have; nil is as many as fit.
  var sizeLimit: UInt64?
  /// `--max-memory`, in bytes.
  var memoryLimit: UInt64?
  /// `--deadline`, in seconds.
  var deadline: UInt64?
  /// nil is as many as there are usable processors.
  var threads: Int?
  var isDryRun = false
  /// `--splitblock-size`, in KiB; 0 leaves the choice to the program.
  var splitBlock: Int32 = 0
  var keepsPartial = false
  /// `--partial-dmesg`
  var onlySinceClear = false
  /// `--keep-comm`: names of processes.
  var keptProcesses: [String] = []
  /// `--report`: where what the crashed kernel tells is written besides.
  var report: String?
  /// Whether a verb answers in JSON.
  var usesJSON = false
  /// `--ndjson`: an object of JSON on a line of its own, whatever comes of it.
  var usesJSONLine = false
  /// `--target-speed`, in bytes a second.
  var targetSpeed: UInt64?
  /// `--html`: a page that a verb writes besides.
  var page: String?
  /// `--sum`: a manifest that a verb writes.
  var writtenSums: String?
  /// `--check-sum`: one that it reads.
  var checkedSums: String?

  // MARK: - How they are spoken of

  /// Whether only the command line is looked at.
  var checksOnly = false
  var messageLevel = MessageLevel.default
  /// What the dump will have beyond what was asked for, a line each.
  var warnings: [String] = []
  /// Those of them that `--check-params` tells, too.
  var warningsWhenChecking: [String] = []
  /// Options that were given and have no meaning here, as a user writes them.
  var withoutEffect: [String] = []

  func invocation(_ request: Request, wordsOfRecord: [String]? = nil) -> Invocation {
    Invocation(
      request: request, messageLevel: messageLevel, leavesOutputAlone: flattens, checksOnly: checksOnly,
      wordsOfRecord: wordsOfRecord,
      warnings: checksOnly ? warningsWhenChecking : warnings, withoutEffect: withoutEffect)
  }
}
