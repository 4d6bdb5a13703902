internal import DumpMemory
internal import KernelModel
internal import PageCompression

/// Finds out which of the program's tasks a command line asks for, and whether its options and operands suit that task.
///
/// The order of the checks is makedumpfile's: it decides which sentence a line with two faults is answered by.
struct RequestMaker {
  let options: Options
  let operands: [String]

  /// What a line without a verb asks for.
  func request() throws(CommandLineError) -> Request {
    if options.report != nil, options.generated != nil || options.rearranges || options.reassembles {
      throw .conflict("--report goes with a dump only.")
    }
    if options.isUnchecked, !options.reassembles {
      throw .conflict("--unchecked goes with --reassemble only.")
    }
    if options.part != nil, let option = optionWithoutPart {
      throw .conflict("\(option) cannot be used with --split-part.")
    }
    if options.skipsDone, let option = optionWithoutRecord {
      throw .conflict("\(option) cannot be used with --skip-done.")
    }
    if options.deadline != nil {
      guard !makesNothingInTime else {
        throw .conflict("--deadline goes with a kdump-compressed dump in one file or a stream only.")
      }
      if options.isDryRun { throw .conflict("--dry-run cannot be used with --deadline.") }
    }
    if asksForOther {
      if options.memoryLimit != nil { throw .conflict("--max-memory goes with a dump only.") }
      if options.compressionLevel != nil { throw .conflict("--compression-level goes with a dump only.") }
    }
    if let output = options.generated { return try generating(output) }
    if options.rearranges { return try rearranging() }
    if options.keepsPartial { throw .invalid }
    if options.reassembles { return try reassembling() }
    if options.writesELF, options.codec != .none { throw .invalid }
    if options.memory.infoFile != nil || options.withoutEffect.contains("--xen-vmcoreinfo"),
      options.memory.kernelFiles.vmlinux != nil || options.withoutEffect.contains("--xen-syms")
    {
      throw .invalid
    }
    if options.withoutEffect.contains("-e"), !options.withoutEffect.contains("--work-dir") {
      throw .conflict("-e requires --work-dir")
    }
    if options.onlySinceClear, !options.wantsLog { throw .invalid }
    if options.report != nil {
      if options.isDryRun { throw .conflict("--dry-run cannot be used with --report.") }
      if options.wantsLog || options.wantsMemoryUsage { throw .conflict("--report goes with a dump only.") }
    }
    if options.wantsLog, options.isDryRun {
      throw .conflict("--dry-run cannot be used with --dump-dmesg.")
    }
    if options.splits, options.flattens { throw .invalid }
    if options.threads != nil {
      if options.splits { throw .conflict("--num-threads cannot used with --split.") }
      if options.writesELF { throw .conflict("--num-threads cannot used with ELF format.") }
    }
    if options.wantsMemoryUsage, !options.wantsLog || operands.count == 1 { return try countingMemory() }
    return try reading(to: destination())
  }

  /// Whether the line asks for something else than a dump of a vmcore.
  private var asksForOther: Bool {
    options.generated != nil || options.rearranges || options.reassembles || options.wantsLog
      || options.wantsMemoryUsage
  }

  /// Whether a deadline has no meaning: an ELF core names its pages before it has them, and files of a split dump are as they
  /// are to be only together.
  private var makesNothingInTime: Bool { asksForOther || options.writesELF || options.splits }

  /// An option with which the files of a split dump would not fit together, or of another task.
  private var optionWithoutPart: String? {
    let others: [(isGiven: Bool, option: String)] = [
      (options.splits, "--split"), (options.reassembles, "--reassemble"), (options.rearranges, "-R"),
      (options.generated != nil, "-g"), (options.wantsLog, "--dump-dmesg"),
      (options.wantsMemoryUsage, "--mem-usage"), (options.writesELF, "-E"), (options.flattens, "-F"),
      (options.deadline != nil, "--deadline"), (options.sizeLimit != nil, "-L"),
      (options.dumpLevels.count > 1, "-d with several levels"),
    ]
    return others.first { $0.isGiven }?.option
  }

  /// An option with which there is no one file that is done or is not.
  private var optionWithoutRecord: String? {
    let others: [(isGiven: Bool, option: String)] = [
      (options.splits, "--split"), (options.rearranges, "-R"), (options.generated != nil, "-g"),
      (options.wantsLog, "--dump-dmesg"), (options.wantsMemoryUsage, "--mem-usage"), (options.flattens, "-F"),
      (options.deadline != nil, "--deadline"), (options.isDryRun, "--dry-run"),
      (options.dumpLevels.count > 1, "-d with several levels"),
    ]
    return others.first { $0.isGiven }?.option
  }

  private func destination() throws(CommandLineError) -> Destination {
    if options.splits {
      guard operands.count > 2 else { throw .invalid }
      if options.writesELF {
        throw .conflict("Options for splitting dumpfile cannot be used with Elf format.")
      }
      return .files(Array(operands[1...]), block: options.splitBlock)
    }
    guard operands.count == (options.flattens ? 1 : 2) else { throw .invalid }
    if let part = options.part { return .part(operands[1], part, block: options.splitBlock) }
    return options.flattens ? .stream : .file(operands[1])
  }

  private func reading(to destination: Destination) throws(CommandLineError) -> Request {
    let memory = memory(operands[0])
    let level = try compressionLevel()
    guard options.wantsLog else {
      return .dump(
        DumpRequest(
          memory: memory, destination: destination, overwrites: options.overwrites,
          format: options.writesELF ? .elf : .kdump(options.codec), level: level,
          levels: options.dumpLevels,
          sizeLimit: options.sizeLimit, deadline: options.deadline, threads: options.threads,
          memoryLimit: options.memoryLimit, isDryRun: options.isDryRun, keptProcesses: options.keptProcesses,
          report: options.report))
    }
    if options.splits { throw .conflict("--split cannot be used with --dump-dmesg.") }
    return .log(
      LogRequest(
        memory: memory, output: destination.paths.first, overwrites: options.overwrites,
        onlySinceClear: options.onlySinceClear))
  }

  /// One that the codec has.
  private func compressionLevel() throws(CommandLineError) -> Int32? {
    guard let text = options.compressionLevel else { return nil }
    guard let levels = options.codec.levels else {
      throw .conflict("--compression-level goes with -c and -z: the other codecs have no levels.")
    }
    guard let level = Int32(text), levels.contains(level) else {
      throw .argument(
        option: "--compression-level", text,
        expected: "a level of \(options.codec.name), from \(levels.lowerBound) to \(levels.upperBound)")
    }
    return level
  }

  private func memory(_ path: String) -> MemoryRequest {
    var memory = options.memory
    memory.path = path
    return memory
  }

  // MARK: - Tasks that make no dump of a vmcore

  /// As with makedumpfile, further operands are not looked at.
  private func countingMemory() throws(CommandLineError) -> Request {
    switch operands.count {
    case 0: throw .invalid
    case 1: break
    case 2: if options.flattens || options.splits { throw .invalid }
    default: if options.flattens || !options.splits { throw .invalid }
    }
    return .memoryUsage(MemoryUsageRequest(memory: memory(operands[0]), isForced: options.overwrites))
  }

  /// What says how a dump is to be made has no place where one is only put together.
  private var makesNoDump: Bool {
    options.codec == .none && options.dumpLevels[0] == [] && !options.flattens && !options.writesELF
  }

  private func generating(_ output: String) throws(CommandLineError) -> Request {
    guard operands.isEmpty, makesNoDump, !options.rearranges, options.memory.infoFile == nil,
      let vmlinux = options.memory.kernelFiles.vmlinux
    else { throw .invalid }
    if options.isDryRun { throw .conflict("--dry-run cannot be used with -g.") }
    return .generate(GenerateRequest(vmlinux: vmlinux, output: output))
  }

  private func rearranging() throws(CommandLineError) -> Request {
    guard makesNoDump, operands.count == 1, options.memory.infoFile == nil,
      options.memory.kernelFiles.vmlinux == nil
    else { throw .invalid }
    return .rearrange(
      RearrangeRequest(
        output: operands[0], overwrites: options.overwrites, keepsPartial: options.keepsPartial))
  }

  /// makedumpfile takes a line without any file to put together for a good one; it fails later.
  private func reassembling() throws(CommandLineError) -> Request {
    guard makesNoDump, !options.splits, let target = operands.last else { throw .invalid }
    if options.isDryRun { throw .conflict("--dry-run cannot be used with --reassemble.") }
    return .reassemble(
      ReassembleRequest(
        parts: Array(operands.dropLast()), output: target, overwrites: options.overwrites,
        isUnchecked: options.isUnchecked, threads: options.threads))
  }

  // MARK: - Verbs

  /// What a line that begins with a verb asks for.
  func request(of verb: Verb) throws(CommandLineError) -> Request {
    guard verb.operandCounts.contains(operands.count) else { throw .invalid }
    switch verb {
    case .verify:
      return .verify(
        VerifyRequest(
          dumps: operands, usesJSON: options.usesJSON, threads: options.threads, written: options.writtenSums,
          overwrites: options.overwrites, checked: options.checkedSums))
    case .inspect:
      return .inspect(
        InspectRequest(
          memory: memory(operands[0]),
          form: options.usesJSONLine ? .line : options.usesJSON ? .json : .text, page: options.page,
          overwrites: options.overwrites))
    case .bench:
      return .bench(
        BenchRequest(
          memory: memory(operands[0]), usesJSON: options.usesJSON,
          level: options.dumpLevels[0],
          threads: options.threads, targetSpeed: options.targetSpeed ?? BenchRequest.usualTargetSpeed))
    case .repair:
      return .repair(
        RepairRequest(
          memory: memory(operands[0]), dumps: Array(operands.dropLast()),
          output: operands[operands.count - 1],
          overwrites: options.overwrites, checked: options.checkedSums, threads: options.threads))
    }
  }
}
