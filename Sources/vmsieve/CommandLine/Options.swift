internal import DumpMemory
internal import KernelModel
internal import PageCompression

/// Everything that the user asked for.
struct Options: Equatable {
  enum Action: Equatable {
    case createDump
    /// Print the dead kernel's messages.
    case dumpLog
    /// Make a file of a flattened dump.
    case rearrange
    /// Write the VMCOREINFO of a vmlinux.
    case generateInfo
    /// Count the pages of a running machine.
    case showMemoryUsage
    /// What is in ``Options/verb``.
    case obeyVerb
    /// Make one dump of the files of a split one.
    case reassemble
    case showHelp
    case showVersion
  }

  var action = Action.createDump
  /// The verb that the line began with.
  var verb: Verb?
  /// The file to read, usually `/proc/vmcore`.
  var vmcore = ""
  /// The file to write; with ``flattens`` there is none.
  var dumpFile = ""
  /// Whether the output goes to stdout, a dump in the flattened form (`-F`).
  var flattens = false
  /// The files to write with `--split`, two or more; ``dumpFile`` is the first of them.
  var splitFiles: [String] = []
  /// What stays together in a split dump, in KiB; 0 leaves the choice to the program.
  var splitBlock: Int32 = 0
  /// The files of a split dump that ``Action/reassemble`` puts together, or those to verify beside ``vmcore``.
  var parts: [String] = []
  /// Whether the dump is an ELF core.
  var writesELF = false
  /// Whether what arrived of a stream that was cut is kept.
  var keepsPartial = false
  /// Whether only messages since the log was last cleared are wanted.
  var onlySinceClear = false

  var compression = Codec.none
  /// Never empty: the first is used, each other one when the target had no room for the dump before.
  var dumpLevels: [DumpLevel] = [[]]
  /// Whether a dump file that is there already may be overwritten.
  var overwrites = false
  /// The most bytes that the dump file may have; nil is as many as fit.
  var sizeLimit: UInt64?
  /// How many threads compress; nil is as many as there are usable processors.
  var threads: Int?
  /// Whether the vmcore may be mapped, or is to be read.
  var mapsVmcore = true
  /// Whether all is done except writing.
  var isDryRun = false
  var messageLevel = MessageLevel.default
  /// Whether a verb answers in JSON.
  var usesJSON = false
  /// Whether only the command line is looked at: no file is touched.
  var checksOnly = false
  var memoryEncryption = SMEOptions()
  /// `-x` and `--system-map`
  var kernelFiles = KernelFiles()
  /// `-i`: a VMCOREINFO as text.
  var infoFile: String?
  /// `--config`: what to erase.
  var erasureFile: String?
  /// `--keep-comm`: names of processes.
  var keptProcesses: [String] = []
  /// `--vtop`: a virtual address; 0 for none.
  var translated: UInt64 = 0
  /// What the messages call the place that the output goes to.
  var targetName: String {
    if splitFiles.isEmpty { return flattens ? "STDOUT" : dumpFile }
    return splitFiles.dropLast().joined(separator: ", ") + ", and " + splitFiles[splitFiles.count - 1]
  }
  /// Every file that is to be written.
  var dumpFiles: [String] {
    if !splitFiles.isEmpty { return splitFiles }
    return flattens ? [] : [dumpFile]
  }
  /// What the dump will have beyond what was asked for, a line each.
  var warnings: [String] = []
  /// Those of them that `--check-params` tells, too.
  var warningsWhenChecking: [String] = []
  /// Options that were given and have no meaning here, as a user writes them.
  var withoutEffect: [String] = []
}
