internal import DumpMemory
internal import KernelModel
internal import PageCompression

/// Which of the program's tasks a command line asks for, and whether its options and operands suit that task.
///
/// The order of the checks is makedumpfile's: it decides which sentence a line with two faults is answered by.
struct Request {
  var log = false
  var rearranging = false
  var splitting = false
  var reassembling = false
  var memoryUsage = false
  /// `-g`: where the VMCOREINFO of a vmlinux goes.
  var generated: String?

  func settle(_ options: inout Options, _ operands: [String]) throws(CommandLineError) {
    if let generated {
      try settleGenerating(&options, operands, generated)
      return
    }
    if rearranging {
      try settleRearranging(&options, operands)
      return
    }
    if options.keepsPartial { throw .invalid }
    if reassembling {
      try settleReassembling(&options, operands)
      return
    }
    if options.writesELF, options.compression != .none { throw .invalid }
    if options.infoFile != nil || options.withoutEffect.contains("--xen-vmcoreinfo"),
      options.kernelFiles.vmlinux != nil || options.withoutEffect.contains("--xen-syms")
    {
      throw .invalid
    }
    if options.withoutEffect.contains("-e"), !options.withoutEffect.contains("--work-dir") {
      throw .conflict("-e requires --work-dir")
    }
    if options.onlySinceClear, !log { throw .invalid }
    if log {
      if options.isDryRun { throw .conflict("--dry-run cannot be used with --dump-dmesg.") }
      options.action = .dumpLog
    }
    if splitting, options.flattens { throw .invalid }
    if options.threads != nil {
      if splitting { throw .conflict("--num-threads cannot used with --split.") }
      if options.writesELF { throw .conflict("--num-threads cannot used with ELF format.") }
    }
    if memoryUsage, !log || operands.count == 1 {
      // As with makedumpfile, further operands are not looked at.
      switch operands.count {
      case 0: throw .invalid
      case 1: break
      case 2: if options.flattens || splitting { throw .invalid }
      default: if options.flattens || !splitting { throw .invalid }
      }
      options.action = .showMemoryUsage
      options.vmcore = operands[0]
      return
    }
    if splitting {
      guard operands.count > 2 else { throw .invalid }
      if options.writesELF {
        throw .conflict("Options for splitting dumpfile cannot be used with Elf format.")
      }
      options.splitFiles = Array(operands[1...])
    } else {
      guard operands.count == (options.flattens ? 1 : 2) else { throw .invalid }
    }
    options.vmcore = operands[0]
    if !options.flattens { options.dumpFile = operands[1] }
  }

  /// What says how a dump is to be made has no place where one is only put together.
  private func makesNoDump(_ options: Options) -> Bool {
    options.compression == .none && options.dumpLevels[0] == [] && !options.flattens && !options.writesELF
  }

  private func settleGenerating(
    _ options: inout Options, _ operands: [String], _ path: String
  ) throws(CommandLineError) {
    guard operands.isEmpty, makesNoDump(options), !rearranging, options.infoFile == nil,
      options.kernelFiles.vmlinux != nil
    else { throw .invalid }
    if options.isDryRun { throw .conflict("--dry-run cannot be used with -g.") }
    options.action = .generateInfo
    options.dumpFile = path
  }

  private func settleRearranging(_ options: inout Options, _ operands: [String]) throws(CommandLineError) {
    guard makesNoDump(options), operands.count == 1, options.infoFile == nil,
      options.kernelFiles.vmlinux == nil
    else { throw .invalid }
    options.action = .rearrange
    options.dumpFile = operands[0]
  }

  /// makedumpfile takes a line without any file to put together for a good one; it fails later.
  private func settleReassembling(_ options: inout Options, _ operands: [String]) throws(CommandLineError) {
    guard makesNoDump(options), !splitting, let target = operands.last else { throw .invalid }
    if options.isDryRun { throw .conflict("--dry-run cannot be used with --reassemble.") }
    options.action = .reassemble
    options.dumpFile = target
    options.parts = Array(operands.dropLast())
  }
}
