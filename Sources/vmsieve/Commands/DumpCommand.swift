internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import KernelModel
internal import MemoryEncryption
internal import PageCompression
internal import Platform

/// Reads the vmcore and writes the dump.
func createDump(options: Options, messages: Messages) throws(CommandFailure) -> ExitStatus {
  let command = try DumpCommand(options, messages)
  return try command.run()
}

/// One dump: from a vmcore to a file, at the next dump level when there is no room.
struct DumpCommand {
  let options: Options
  let messages: Messages
  /// What is read to learn what a page is.
  let memory: PhysicalMemory
  /// What is written: the same, but perhaps for the encryption bit in page tables.
  private let output: PhysicalMemory
  let kernel: Kernel?
  /// What was changed in the pages, for whoever reads the dump.
  private let eraseInfo: String
  let threads: Int
  /// `--keep-comm`
  private let processes: ProcessFrames?

  init(_ options: Options, _ messages: Messages) throws(CommandFailure) {
    self.options = options
    self.messages = messages
    var ready = try MemoryPreparation(options, messages)
    let opened = ready.opened
    if opened.info == nil {
      try Self.dealWithoutInfo(opened, options, messages)
    } else if let problem = opened.problem {
      messages.warning("\(options.vmcore): \(problem): every page is kept")
      messages.sayDoubtful()
    }
    if opened.memory.isLive, let taken = OnlinedMemory.find(opened.memory.frames, .x86_64) {
      messages.warning(taken.warning)
    }
    try ready.run(
      .reading(options).union([.translate, .strip, .erase]),
      depth: messages.level.contains(.debug) ? .always : .onlyWithMask)
    kernel = ready.kernel
    memory = ready.memory
    output = ready.output
    eraseInfo = ready.record
    // One look for all that is asked for now.
    _ = kernel?.symbolsAtHand(PageFilter.symbols + CrashedProcessors.symbols + WritePriority.symbols)
    if let kernel, let processors = CrashedProcessors(kernel) {
      messages.describe(processors)
    }
    threads = Self.threads(options, messages)
    processes = try KeepStage.frames(kernel, options, messages)
  }

  /// A vmcore of which nothing is known can be dumped, but its pages cannot be told apart.
  private static func dealWithoutInfo(
    _ opened: OpenedVmcore, _ options: Options, _ messages: Messages
  ) throws(CommandFailure) {
    let reason = opened.reasonForNoInfo
    if let reason, options.memoryEncryption.policy == .require {
      throw CommandFailure("--sme require: \(options.vmcore) doesn't contain vmcoreinfo; \(reason)")
    }
    let explained = reason.map { "; \($0)" } ?? ""
    if options.dumpLevels.contains(where: { !$0.isDisjoint(with: .needingMemoryMap) }) {
      throw CommandFailure(
        "\(options.vmcore) doesn't contain vmcoreinfo, without which pages cannot be told apart;"
          + " specify the kernel's vmlinux with -x or its vmcoreinfo with -i, or use -d 0 or -d 1\(explained)"
      )
    }
    messages.warning(
      "\(options.vmcore) doesn't contain vmcoreinfo: readers will need the kernel's vmlinux\(explained)")
  }

  private static func threads(_ options: Options, _ messages: Messages) -> Int {
    let wanted = options.threads ?? Machine.usableProcessors()
    guard wanted > 1 else { return 1 }
    let affordable = PipelineMemory.affordableThreads(wanted, options.compression)
    if affordable < wanted {
      messages.warning("there is memory for \(affordable) of \(wanted) threads")
    }
    return affordable
  }

  /// Makes the dump, at the first level for which there is room.
  ///
  /// - Returns: whether it has all pages that it should.
  func run() throws(CommandFailure) -> ExitStatus {
    var replaces = options.overwrites
    var levels = options.dumpLevels[...]
    let files = try SplitFiles(options)
    while let level = levels.popFirst() {
      var cut = CutDump()
      let file = try createFile(replacing: replaces)
      do throws(PipelineError) {
        return try dump(withEarlier(level), to: file, files, &cut)
      } catch {
        // What went out of a stream cannot be taken back.
        guard case .write(let writeError) = error, writeError.meansNoSpace, !options.flattens,
          let next = levels.first
        else {
          tellEnd(error, cut)
          throw CommandFailure("\(error)" + consequence(cut))
        }
        messages.error("\(error)")
        messages.sayFull(options.targetName, writeError)
        messages.common("Retry to create a dumpfile by dump_level(\(next.rawValue)).")
        replaces = true
      }
    }
    preconditionFailure("there is a last level, and no other after it")
  }

  /// What is left out in the end: what an earlier dump left out does not come back.
  private func withEarlier(_ level: DumpLevel) -> DumpLevel {
    guard let earlier = memory.origin?.dumpLevel, !level.isSuperset(of: earlier) else { return level }
    let both = level.union(earlier)
    messages.common(
      "dump_level is changed to \(both.rawValue), because \(options.vmcore) was created by"
        + " dump_level(\(earlier.rawValue)).")
    return both
  }

  /// What was written when the writing failed, as far as it is known.
  struct CutDump {
    /// Whether no page is in it.
    var isEmpty = false
    /// The kernel's pages, if these were written first.
    var groups: WrittenGroups?
    /// Which files of a split dump are whole and which are not.
    var files: String?
  }

  private func tellEnd(_ error: PipelineError, _ cut: CutDump) {
    guard case .write(let error) = error, error.meansNoSpace else { return }
    messages.sayFull(options.targetName, error)
    if !options.flattens, !options.isDryRun, !cut.isEmpty { messages.sayIncomplete() }
  }

  /// What an error leaves behind.
  private func consequence(_ cut: CutDump) -> String {
    if options.isDryRun { return "" }
    if options.flattens {
      return
        "; the stream has no end record: \(messages.programName) -R --keep-partial DUMPFILE makes a dump of what arrived"
    }
    if !options.splitFiles.isEmpty { return "; the dump is incomplete" + (cut.files.map { "; \($0)" } ?? "") }
    if cut.isEmpty { return "; no page was written, and \(options.dumpFile) is of no use" }
    return "; \(options.dumpFile) is marked incomplete: what was written before can be read"
      + (cut.groups.map { "; \($0.sentence)" } ?? "")
  }

  /// The dump's file, empty, or stdout; nil for a dry run.
  private func createFile(replacing: Bool) throws(CommandFailure) -> FileDescriptor? {
    if options.isDryRun || !options.splitFiles.isEmpty { return nil }
    if options.flattens, StandardStream.output.isTerminal {
      throw CommandFailure("stdout is a terminal; -F writes the dump there: name a file or a pipe")
    }
    if options.flattens, !StandardStream.output.isWritable {
      throw CommandFailure("stdout is closed; -F writes the dump there")
    }
    do throws(SystemError) {
      if options.flattens { return try FileDescriptor.duplicate(ofStandard: 1, named: options.targetName) }
      return try FileDescriptor.create(options.dumpFile, replacing: replacing)
    } catch { throw CommandFailure("\(error)") }
  }

  /// - Parameter cut: what a dump that fails has.
  private func dump(
    _ level: DumpLevel, to file: consuming FileDescriptor?, _ files: SplitFiles, _ cut: inout CutDump
  ) throws(PipelineError) -> ExitStatus {
    let progress = Progress(messages)
    let frames: PFNBitmap
    var filtered = FilterReport()
    do throws(VmcoreError) {
      // Those that were lost are among them, to be missed.
      var kept = try memory.wantedFrames()
      filtered.notInFile = memory.frames.count - kept.count
      if let kernel {
        progress.begin(.unnecessaryPages)
        try PageFilter.run(
          kernel, level, from: &kept, keeping: processes, report: &filtered
        ) {
          progress.update(done: $0, total: $1)
        }
        progress.end()
      }
      frames = kept
    } catch { throw .noMemory(error.description) }
    messages.warn(of: filtered)
    if let evidence = filtered.kernelImageEvidence { messages.debug(evidence) }
    if let processes {
      messages.common(
        "\(filtered.keptOfProcesses) pages of \(processes.processes) processes are kept beyond dump level"
          + " \(level.rawValue).")
    }

    let bitmapBytes = frames.allocatedBytes
    messages.debug(
      "memory: \(threads) threads of at most \(PipelineMemory.bytesPerThread(options.compression)) bytes each,"
        + " page bitmap of \(bitmapBytes) bytes")
    let description = describe(level)
    let order = pageOrder(level, frames, description, file, files)
    var pipeline = DumpPipeline(
      output, frames, options.compression,
      sharesZeroPages: level.contains(.zeroPages) && !options.writesELF)
    let copied: PipelineReport
    let bytesWritten: UInt64
    if options.writesELF {
      (copied, bytesWritten) = try writeELF(level, to: file, &pipeline, order, progress, &cut)
    } else {
      switch order {
      case .memory: break
      case .groups(let groups): try pipeline.follow(groups)
      case .ranges(let sequence): try pipeline.follow(sequence, givesRanks: true)
      }
      if !options.splitFiles.isEmpty {
        (copied, bytesWritten) = try writeParts(description, files, &pipeline, progress, &cut)
      } else {
        progress.begin(.copyingData)
        var writer = try makeWriter(description, file)
        do throws(PipelineError) {
          copied = try pipeline.run(into: &writer, threads: threads) { progress.update(done: $0, total: $1) }
        } catch {
          cut.isEmpty = writer.pagesDescribed == writer.unreadablePages
          if case .groups(let groups) = order, groups.problem == nil {
            cut.groups = pipeline.groups(in: writer)
          }
          throw error
        }
        bytesWritten = writer.bytesWritten
      }
    }
    progress.end()
    messages.warn(of: copied, memory, target: options.isDryRun ? nil : options.targetName)
    let statistics = DumpStatistics(memory.frames, filtered, copied, bytesWritten: bytesWritten)
    for line in statistics.lines { messages.report(line) }
    return copied.lacksPages(of: memory) ? .inputLackedPages : .completed
  }

  /// - Parameter file: nil for a dry run.
  func makeWriter(
    _ description: DumpDescription, _ file: consuming FileDescriptor?
  ) throws(PipelineError) -> DiskdumpWriter {
    do throws(DumpWriteError) {
      if let file {
        if options.flattens {
          return try DiskdumpWriter(stream: file, description: description, sizeLimit: options.sizeLimit)
        }
        return try DiskdumpWriter(file: file, description: description, sizeLimit: options.sizeLimit)
      }
      return try DiskdumpWriter(countingOnly: description, sizeLimit: options.sizeLimit)
    } catch { throw .write(error) }
  }

  func describe(_ level: DumpLevel) -> DumpDescription {
    let origin = memory.origin
    var names = origin?.utsname ?? .unknown
    if names.release.isEmpty, let kernel, var kernelMemory = try? kernel.memory() {
      names = UtsName(of: kernel.facts, &kernelMemory)
    }
    return DumpDescription(
      DumpFacts(
        utsname: names,
        crashTime: kernel?.info.string("CRASHTIME").flatMap { Int64($0) } ?? origin?.crashTime ?? 0,
        processorCount: origin?.processorCount ?? Int32(clamping: memory.notes.processorCount),
        physicalBase: kernel?.facts.physicalBase ?? origin?.physicalBase ?? 0, dumpLevel: level,
        eraseInfo: memory.eraseInfo + eraseInfo),
      compression: options.compression.status, vmcoreinfo: output.notes.vmcoreinfoRange ?? 0..<0,
      isIncomplete: memory.lacksPages, leavesOutUnreadable: memory.isLive)
  }
}
