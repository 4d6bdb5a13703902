internal import Diskdump
internal import DumpPipeline
internal import MemoryEncryption
internal import PageCompression
internal import Platform
internal import Vmcore

/// Reads the vmcore and writes the dump.
func createDump(options: Options, messages: Messages) throws(DumpCommandError) -> ExitStatus {
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
  let kernel: CrashedKernel?
  /// Those that every filtering wants, looked up once.
  let symbols: KernelSymbols?
  /// What was changed in the pages, for whoever reads the dump.
  private let eraseInfo: String
  let threads: Int
  /// `--keep-comm`
  private let processes: ProcessFrames?

  init(_ options: Options, _ messages: Messages) throws(DumpCommandError) {
    self.options = options
    self.messages = messages
    let opened = try OpenedVmcore(options, messages)
    if opened.info == nil {
      try Self.dealWithoutInfo(opened.memory, options, messages)
    } else if let problem = opened.problem {
      messages.warning("\(options.vmcore): \(problem): every page is kept")
      messages.sayDoubtful()
    }
    if opened.memory.isLive, let taken = OnlinedMemory.find(opened.memory.frames, .x86_64) {
      messages.warning(taken.warning)
    }
    kernel = opened.kernel
    if options.translated != 0 {
      if let kernel {
        TranslateRequest.answer(options.translated, kernel, opened.memory, messages)
      } else {
        messages.warning("--vtop: \(opened.problem ?? "the kernel is not known"), so nothing is translated")
      }
    }
    // Before anything is filtered: pages of zeros may be noise, and so may page tables.
    var repair = ""
    if let kernel {
      let (first, saved) = try Self.redirect(opened.memory, kernel, options, messages)
      (memory, repair) = try EncryptionCommand.undo(first, kernel, options.memoryEncryption, messages)
      repair = saved + repair
    } else {
      memory = opened.memory
    }
    let strip: String
    let stripped: PhysicalMemory
    (stripped, strip) = try EncryptionCommand.strip(memory, kernel, options.memoryEncryption, messages)
    let erased: String
    (output, erased) = try ErasureCommand.erase(stripped, read: memory, kernel, options, messages)
    eraseInfo = repair + strip + erased
    if let kernel {
      symbols = PageFilter.symbols(
        of: kernel, memory, files: options.memoryEncryption.files,
        and: CrashedProcessors.symbols + FrameOrder.symbols)
    } else {
      symbols = nil
    }
    if let kernel, let symbols, let processors = CrashedProcessors(kernel, memory, symbols) {
      messages.describe(processors)
    }
    threads = Self.threads(options, messages)
    processes = try KeepCommand.frames(memory, kernel, options, messages)
  }

  /// A vmcore of which nothing is known can be dumped, but its pages cannot be told apart.
  private static func dealWithoutInfo(
    _ memory: PhysicalMemory, _ options: Options, _ messages: Messages
  ) throws(DumpCommandError) {
    let reason = MemorySurvey(of: memory)?.reasonForNoInfo(isFromHost: memory.notes.hasHypervisorState)
    let explained = reason.map { "; \($0)" } ?? ""
    if options.dumpLevels.contains(where: { !$0.isDisjoint(with: .needingMemoryMap) }) {
      throw DumpCommandError(
        "\(options.vmcore) doesn't contain vmcoreinfo, without which pages cannot be told apart;"
          + " specify the kernel's vmlinux with -x or its vmcoreinfo with -i, or use -d 0 or -d 1\(explained)"
      )
    }
    messages.warning(
      "\(options.vmcore) doesn't contain vmcoreinfo: readers will need the kernel's vmlinux\(explained)")
  }

  /// The memory of the kernel that crashed, where a hypervisor dumped the machine after its capture kernel had begun.
  private static func redirect(
    _ memory: PhysicalMemory, _ kernel: CrashedKernel, _ options: Options, _ messages: Messages
  ) throws(DumpCommandError) -> (memory: PhysicalMemory, record: String) {
    let finding: SavedLowMemory.Finding
    do throws(SymbolError) {
      finding = try SavedLowMemory.find(kernel, memory, files: options.memoryEncryption.files)
    } catch { throw DumpCommandError("\(error)") }
    func warnIfReplaced(_ reason: String) {
      guard kernel.wasReplaced(in: memory) else { return }
      messages.warning(
        "\(options.vmcore): another kernel than \(kernel.release) was running, and has taken low memory, which stays as it"
          + " is: \(reason)")
    }
    switch finding {
    case .none:
      warnIfReplaced("where it was saved cannot be found")
      return (memory, "")
    case .notUsed(let evidence):
      messages.debug(evidence)
      warnIfReplaced(evidence)
      return (memory, "")
    case .saved(let layer, let evidence):
      messages.debug(evidence)
      messages.common("The capture kernel was running: low memory is read from where it was saved.")
      // The processors' registers are the capture kernel's, and so are the page tables that they name.
      let notes = memory.notes.withoutHypervisorState()
      return (PhysicalMemory(memory, adding: layer, notes: notes), layer.record)
    }
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
  func run() throws(DumpCommandError) -> ExitStatus {
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
          throw DumpCommandError("\(error)" + consequence(cut))
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
  private func createFile(replacing: Bool) throws(DumpCommandError) -> FileDescriptor? {
    if options.isDryRun || !options.splitFiles.isEmpty { return nil }
    if options.flattens, StandardStream.output.isTerminal {
      throw DumpCommandError("stdout is a terminal; -F writes the dump there: name a file or a pipe")
    }
    if options.flattens, !StandardStream.output.isWritable {
      throw DumpCommandError("stdout is closed; -F writes the dump there")
    }
    do throws(SystemError) {
      if options.flattens { return try FileDescriptor.duplicate(ofStandard: 1, named: options.targetName) }
      return try FileDescriptor.create(options.dumpFile, replacing: replacing)
    } catch { throw DumpCommandError("\(error)") }
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
          kernel, level, physical: memory, from: &kept, symbols: symbols, keeping: processes,
          report: &filtered
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
    if names.release.isEmpty, let kernel, var kernelMemory = try? kernel.memory(of: memory) {
      names = UtsName(of: kernel, &kernelMemory)
    }
    return DumpDescription(
      utsname: names,
      crashTime: kernel?.info.string("CRASHTIME").flatMap { Int64($0) } ?? origin?.crashTime ?? 0,
      processorCount: origin?.processorCount ?? Int32(clamping: memory.notes.processorCount),
      physicalBase: Int64(bitPattern: kernel?.physicalBase ?? origin?.physicalBase ?? 0),
      dumpLevel: Int32(level.rawValue),
      compression: options.compression.status,
      vmcoreinfo: output.notes.vmcoreinfoRange ?? 0..<0,
      eraseInfo: memory.eraseInfo + eraseInfo, isIncomplete: memory.lacksPages,
      leavesOutUnreadable: memory.isLive)
  }
}
