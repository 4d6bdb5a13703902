internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import KernelModel
internal import MemoryEncryption
internal import PageCompression
internal import Platform

/// One dump: from a vmcore to a file, at the next dump level when there is no room.
struct DumpCommand {
  let request: DumpRequest
  let messages: Messages
  /// What is read to learn what a page is.
  let memory: PhysicalMemory
  /// What is written: the same, but perhaps for the encryption bit in page tables.
  let output: PhysicalMemory
  let kernel: Kernel?
  /// What was changed in the pages, for whoever reads the dump.
  private let eraseInfo: String
  /// What overwrites secrets as pages go by; nil where there is nothing to count.
  let secrets: SecretLayer?
  let threads: Int
  /// `--keep-comm`
  private let processes: ProcessFrames?
  /// `--deadline`, in microseconds of the monotonic clock.
  let deadline: UInt64?

  init(_ request: DumpRequest, messages: Messages) throws(CommandFailure) {
    self.request = request
    self.messages = messages
    deadline = request.deadline.map { MonotonicClock.microseconds() + $0 * 1_000_000 }
    var ready = try MemoryPreparation(request.memory, messages: messages)
    let opened = ready.opened
    if opened.info == nil {
      try Self.dealWithoutInfo(opened, request: request, messages: messages)
    } else if let problem = opened.problem {
      messages.warning("\(request.memory.path): \(problem): every page is kept")
      messages.sayDoubtful()
    }
    if opened.memory.isLive, let taken = OnlinedMemory.find(opened.memory.frames, opened.memory.geometry) {
      messages.warning(taken.warning)
    }
    try ready.run(
      .reading(request.memory).union([.translate, .strip, .erase]),
      depth: messages.level.contains(.debug) ? .always : .onlyWithMask)
    kernel = ready.kernel
    memory = ready.memory
    output = ready.output
    eraseInfo = ready.record
    secrets = ready.secrets
    // One look for all that is asked for now.
    _ = kernel?.symbolsAtHand(
      PageFilter.symbols + CrashedProcessors.symbols + WritePriority.symbols
        + (request.report == nil ? [] : CrashSummary.symbols))
    if let kernel, let processors = CrashedProcessors(kernel) {
      messages.describe(processors)
    }
    threads = WorkerThreads.count(
      request.threads, codec: request.codec, level: request.level,
      pageSize: memory.geometry.size, limit: request.memoryLimit, messages: messages)
    processes = try KeepStage.frames(request.keptProcesses, of: kernel, messages: messages)
  }

  /// A vmcore of which nothing is known can be dumped, but its pages cannot be told apart.
  private static func dealWithoutInfo(
    _ opened: OpenedVmcore, request: DumpRequest, messages: Messages
  ) throws(CommandFailure) {
    let reason = opened.reasonForNoInfo
    if let reason, request.memory.encryption.policy == .require {
      throw CommandFailure("--sme require: \(request.memory.path) doesn't contain vmcoreinfo; \(reason)")
    }
    let explained = reason.map { "; \($0)" } ?? ""
    if request.levels.contains(where: { !$0.isDisjoint(with: .needingMemoryMap) }) {
      throw CommandFailure(
        "\(request.memory.path) doesn't contain vmcoreinfo, without which pages cannot be told apart;"
          + " specify the kernel's vmlinux with -x or its vmcoreinfo with -i, or use -d 0 or -d 1\(explained)"
      )
    }
    messages.warning(
      "\(request.memory.path) doesn't contain vmcoreinfo: readers will need the kernel's vmlinux\(explained)")
  }

  /// Makes the dump, at the first level for which there is room.
  ///
  /// - Returns: whether it has all pages that it should.
  func run() throws(CommandFailure) -> ExitStatus {
    if request.isRepeatable { return try runWhole(request.destination.name) }
    var replaces = request.overwrites
    var levels = request.levels[...]
    let files = try SplitFiles(request)
    while let level = levels.popFirst() {
      var cut = CutDump()
      let file = try createFile(replacing: replaces)
      cut.identity = Self.identity(of: file)
      do throws(PipelineError) {
        return try dump(withEarlier(level), to: file, files: files, cut: &cut)
      } catch {
        if case .deadline = error { return try endInTime(cut, files: files) }
        // What went out of a stream cannot be taken back.
        guard case .write(let writeError) = error, writeError.meansNoSpace, !request.destination.isStream,
          let next = levels.first
        else {
          tellEnd(error, cut)
          throw CommandFailure(error, consequence: consequence(cut, files: files))
        }
        messages.error("\(error)")
        messages.sayFull(request.destination.name, error: writeError)
        messages.common("Retry to create a dumpfile by dump_level(\(next.rawValue)).")
        replaces = true
      }
    }
    preconditionFailure("there is a last level, and no other after it")
  }

  /// What is left out in the end: what an earlier dump left out does not come back.
  func withEarlier(_ level: DumpLevel) -> DumpLevel {
    guard let earlier = memory.origin?.dumpLevel, !level.isSuperset(of: earlier) else { return level }
    let both = level.union(earlier)
    messages.common(
      "dump_level is changed to \(both.rawValue), because \(request.memory.path) was created by"
        + " dump_level(\(earlier.rawValue)).")
    return both
  }

  /// The dump's file, empty, or stdout; nil for a dry run.
  private func createFile(replacing: Bool) throws(CommandFailure) -> FileDescriptor? {
    if request.isDryRun || request.isSplit { return nil }
    if request.destination.isStream, StandardStream.output.isTerminal {
      throw CommandFailure("stdout is a terminal; -F writes the dump there: name a file or a pipe")
    }
    if request.destination.isStream, !StandardStream.output.isWritable {
      throw CommandFailure("stdout is closed; -F writes the dump there")
    }
    let file: FileDescriptor
    do throws(SystemError) {
      if request.destination.isStream {
        return try FileDescriptor.duplicate(ofStandard: 1, named: request.destination.name)
      }
      file = try FileDescriptor.create(request.destination.name, replacing: replacing)
    } catch { throw CommandFailure(error) }
    if file.kind == .pipeOrSocket {
      throw CommandFailure("\(file.path): a pipe, where a file is wanted; -F writes a stream, to stdout")
    }
    return file
  }

  /// - Parameter cut: what a dump that fails has.
  func dump(
    _ level: DumpLevel, to file: consuming FileDescriptor?, files: SplitFiles, cut: inout CutDump
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
          kernel, level: level, from: &kept, keeping: processes, keepsNeeded: true, report: &filtered
        ) {
          progress.update(done: $0, total: $1)
        }
        progress.end()
      }
      // Whoever makes it again, here or elsewhere, is to get the same file.
      if request.isRepeatable, let refusal = filtered.refusal { throw .system(refusal) }
      frames = kept
    } catch { throw .read(error) }
    messages.warn(of: filtered)
    if let evidence = filtered.kernelImageEvidence { messages.debug(evidence) }
    if let processes {
      messages.common(
        "\(filtered.keptOfProcesses) pages of \(processes.processes) processes are kept beyond dump level"
          + " \(level.rawValue).")
    }

    foretellMemory(bitmap: frames.allocatedBytes)
    var description = try describe(level.subtracting(filtered.droppedRules))
    let priority = priority(level, frames: frames, description: description, file: file, files: files)
    var pipeline = DumpPipeline(output, frames: frames)
    let all = pipeline.pageCount
    if let priority { pipeline.follow(priority) }
    if case .part(_, let part, let block) = request.destination {
      let own = self.frames(of: part, block: block, in: pipeline)
      pipeline.restrict(to: own)
      description.facts.split = own
    }
    let inOtherParts = all - pipeline.pageCount
    if let deadline { pipeline.stop(at: deadline) }
    let copied: PipelineReport
    let bytesWritten: UInt64
    if request.writesELF {
      var writer = try makeELFWriter(
        description, to: try makeOutput(file), pipeline: &pipeline, progress: progress)
      copied = try run(&pipeline, into: &writer, progress: progress, cut: &cut)
      bytesWritten = writer.bytesWritten
    } else if case .files(let paths, let block) = request.destination {
      var writer = try makeSplitWriter(
        description, files: files, paths: paths, block: block, pipeline: pipeline)
      do throws(PipelineError) {
        copied = try run(&pipeline, into: &writer, progress: progress, cut: &cut)
      } catch {
        cut.files = (writer.wholeFiles, writer.cutFiles, writer.emptyFiles)
        throw error
      }
      bytesWritten = writer.bytesWritten
    } else {
      var writer = try makeWriter(description, to: try makeOutput(file))
      copied = try run(&pipeline, into: &writer, progress: progress, cut: &cut)
      bytesWritten = writer.bytesWritten
    }
    tellOfCopies()
    messages.warn(of: copied, memory, target: request.isDryRun ? nil : request.destination.name)
    let statistics = DumpStatistics(
      memory.frames, filtered: filtered, copied: copied, inOtherParts: inOtherParts,
      bytesWritten: bytesWritten)
    if let discrepancy = statistics.discrepancy { messages.warning(discrepancy) }
    for line in statistics.lines { messages.report(line) }
    if let peak = Host.peakMemory() { messages.debug("memory: \(peak) bytes at most were taken") }
    return copied.status(of: memory, mayBeRepeated: request.isRepeatable)
  }

  /// Copies the pages, or says what of them is in a dump that was cut.
  private func run<Writer: DumpWriter & ~Copyable>(
    _ pipeline: inout DumpPipeline, into writer: inout Writer, progress: Progress, cut: inout CutDump
  ) throws(PipelineError) -> PipelineReport {
    progress.begin(.copyingData)
    do throws(PipelineError) {
      let report = try pipeline.run(into: &writer, threads: threads) { progress.update(done: $0, total: $1) }
      progress.end()
      return report
    } catch {
      cut.isEmpty = writer.pagesTaken == writer.unreadablePages
      cut.hasEnd = writer.hasStreamEnd
      cut.groups = pipeline.groups(in: writer)
      cut.pages = (writer.pagesTaken - writer.unreadablePages, pipeline.pageCount)
      throw error
    }
  }

  /// - Parameter file: nil for a dry run.
  private func makeOutput(_ file: consuming FileDescriptor?) throws(PipelineError) -> DumpOutput {
    guard let file else { return DumpOutput(countingUpTo: request.sizeLimit) }
    guard request.destination.isStream else { return DumpOutput(file: file, sizeLimit: request.sizeLimit) }
    do throws(DumpError) { return try DumpOutput(stream: file, sizeLimit: request.sizeLimit) } catch {
      throw .write(error)
    }
  }

  private func makeWriter(
    _ description: DumpDescription, to output: consuming DumpOutput
  ) throws(PipelineError) -> DiskdumpWriter {
    do throws(DumpError) { return try DiskdumpWriter(description, to: output) } catch {
      throw .write(error)
    }
  }

  private func describe(_ level: DumpLevel) throws(PipelineError) -> DumpDescription {
    let origin = memory.origin
    var names = origin?.utsname ?? .unknown(memory.machine)
    if names.release.isEmpty, let kernel {
      do throws(VmcoreError) {
        var kernelMemory = try kernel.memory()
        names = UtsName(of: kernel.facts, &kernelMemory)
      } catch {
        if request.isRepeatable { throw .read(error) }
        messages.warning("the dump's header does not name the kernel: \(error)")
      }
    }
    return DumpDescription(
      DumpFacts(
        utsname: names,
        crashTime: kernel?.info.string("CRASHTIME").flatMap { Int64($0) } ?? origin?.crashTime ?? 0,
        processorCount: origin?.processorCount ?? Int32(clamping: memory.notes.processorCount),
        physicalBase: kernel?.facts.physicalBase ?? origin?.physicalBase ?? 0, dumpLevel: level,
        eraseInfo: memory.eraseInfo + eraseInfo),
      codec: request.codec, level: request.level, recompresses: request.level != nil,
      vmcoreinfo: output.notes.vmcoreinfoRange ?? 0..<0, blockSize: memory.geometry.size,
      isIncomplete: memory.lacksPages, leavesOutUnreadable: memory.isLive)
  }
}
