internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import MemoryEncryption
internal import PageCompression
internal import Platform

/// `vmsieve repair OLD.. NEW`: a dump as it is, but for what is broken in it, and for what memory encryption did to it.
struct RepairCommand {
  let request: RepairRequest
  let messages: Messages

  /// - Returns: whether OLD had all pages that it should.
  func run() throws(CommandFailure) -> ExitStatus {
    try DumpTarget.check(request.output, overwriting: request.overwrites)
    let threads = WorkerThreads.count(
      request.threads, codec: .none,
      pageSize: Self.pageSize(of: request.memory.path),
      messages: messages)
    let salvaged: SalvagedStore?
    let source: PhysicalMemory
    let faults: [String]
    do throws(VmcoreError) {
      salvaged = try salvage(threads: threads)
      if let salvaged, !salvaged.faults.isEmpty {
        source = PhysicalMemory(salvaged)
      } else {
        source = try PhysicalMemory(opening: request.memory.path, prefersMapping: request.memory.isMapped)
      }
      if let salvaged { faults = salvaged.faults } else { faults = try Self.faults(of: source) }
    } catch { throw CommandFailure(error) }
    if source.lacksAllPages {
      throw CommandFailure(
        "\(source.path): none of the pages that it should have is in it: \(faults.joined(separator: "; "))")
    }
    let isBroken = !faults.isEmpty
    let noteProblems = source.noteProblems()

    var ready = try MemoryPreparation(
      OpenedVmcore(source, request: request.memory, messages: messages), request: request.memory,
      messages: messages)
    let hasNewNotes = ready.opened.memory.notes !== source.notes
    for problem in noteProblems where !hasNewNotes { messages.warning("\(source.path): \(problem)") }
    if request.memory.encryption.policy != .off {
      if !isBroken, !hasNewNotes, noteProblems.isEmpty {
        _ = try ready.knownKernel(for: "without which nothing is known of its memory encryption")
      }
      try ready.run(.undoEncryption)
    }
    let repair = ready.repair
    let isEncrypted = !(repair?.memory.layers.isEmpty ?? true) || request.memory.encryption.strips
    if !isBroken, !hasNewNotes, !isEncrypted {
      if let repair { EncryptionStage.tellEvidence(repair, messages: messages) }
      throw nothingToDo(repair?.investigation, noteProblems: noteProblems, salvaged: salvaged)
    }
    try ready.run([.tellOfEncryption, .strip])
    if !isBroken, !hasNewNotes, ready.output.layers.isEmpty {
      throw nothingToDo(repair?.investigation, noteProblems: noteProblems, salvaged: salvaged)
    }
    let isRewritten = salvaged != nil && (isBroken || hasNewNotes || source.isFlattened)
    if isRewritten, let salvaged {
      return try rewrite(salvaged, source: source, ready: ready, hasNewNotes: hasNewNotes, threads: threads)
    }
    return try patch(
      hasNewNotes ? source : ready.opened.memory, ready: ready, mayBeUnchanged: isBroken || hasNewNotes)
  }

  /// Bytes of a page of a kdump-compressed dump, for an estimate; a file that is none is refused elsewhere.
  private static func pageSize(of path: String) -> Int {
    let headers = try? KdumpHeaders(InputFile(opening: path))
    return headers.map { Int($0.blockSize) } ?? MachineKind.x86_64.leastGeometry.size
  }

  /// Looks at all of a kdump-compressed dump; nil for a dump of another format.
  private func salvage(threads: Int) throws(VmcoreError) -> SalvagedStore? {
    if request.dumps.count == 1, try !SalvagedStore.recognises(request.memory.path) {
      if request.checked != nil {
        throw .foreign(
          path: request.memory.path,
          "not a kdump-compressed dump, the only kind that --check-sum helps to repair"
        )
      }
      return nil
    }
    let progress = Progress(messages)
    progress.begin(.readingPages)
    let store = try SalvagedStore(
      salvaging: request.dumps, sums: request.checked, threads: threads
    ) {
      progress.update(done: $0, total: $1)
    }
    progress.end()
    return store
  }

  /// What is wrong with an ELF core: all that can be known of it is that its headers name more than it has.
  private static func faults(of memory: PhysicalMemory) throws(VmcoreError) -> [String] {
    let wanted = try memory.wantedFrames().count
    return try wanted > memory.framesInFile().count || !memory.isComplete && memory.isFlattened
      ? memory.warnings : []
  }

  /// Why no page changes.
  private func nothingToDo(
    _ investigation: Investigation?, noteProblems: [String], salvaged: SalvagedStore?
  ) -> CommandFailure {
    if !noteProblems.isEmpty {
      return CommandFailure(
        "\(request.memory.path): nothing can be repaired: no VMCOREINFO was found in its memory, and -i names none;"
          + " \(request.output) is not written")
    }
    let isMarked = salvaged?.isMarkedIncomplete ?? false
    let whole = salvaged.map {
      "each of its \($0.counts.pages) pages is whole"
        + (isMarked ? ", but it is marked incomplete: others were lost before it was made" : "")
    }
    guard let investigation else {
      return CommandFailure(
        "\(request.memory.path): there is nothing to repair: \(whole ?? "nothing is missing"); \(request.output) is not written",
        status: .nothingToRepair)
    }
    let sentence = investigation.outcome.sentence + (whole.map { "; \($0)" } ?? "")
    let isDamaged =
      switch investigation.outcome {
      case .judged(let plan): plan.verdict != .undamaged
      case .wrongView: true
      case .nothingToUndo, .noLowMemory, .lowMemoryElsewhere, .lowMemoryLeftOut, .repairedBefore: false
      }
    if isDamaged {
      return CommandFailure(
        "\(request.memory.path): nothing can be repaired: \(sentence); \(request.output) is not written")
    }
    return CommandFailure(
      "\(request.memory.path): there is nothing to repair: \(sentence); \(request.output) is not written",
      status: .nothingToRepair)
  }

  private func lackedPages(_ path: String) -> ExitStatus {
    let verb = request.dumps.count > 1 ? "lack" : "lacks"
    messages.warning("\(path) \(verb) pages: \(request.output) lacks them too and is marked incomplete")
    return .inputLackedPages
  }

  // MARK: - The same file with other bytes here and there

  private func patch(
    _ original: PhysicalMemory, ready: MemoryPreparation, mayBeUnchanged: Bool
  ) throws(CommandFailure) -> ExitStatus {
    let (report, framesInFile) = try write(
      original, changed: ready.output, record: ready.record, mayBeUnchanged: mayBeUnchanged)
    if mayBeUnchanged {
      let wanted = (try? original.wantedFrames().count) ?? framesInFile
      messages.common("")
      messages.common("Pages of the headers: \(wanted)")
      messages.common("  found whole       : \(framesInFile)")
      messages.common("  lost              : \(wanted - framesInFile)")
      if ready.opened.memory.notes !== original.notes { messages.common("VMCOREINFO is new.") }
    }
    if mayBeUnchanged, report.changedPages + report.failedPages == 0 {
      tellEnd()
    } else {
      tell(report, repair: ready.repair, record: ready.record, of: framesInFile)
    }
    return original.isComplete ? .completed : lackedPages(request.memory.path)
  }

  private func write(
    _ memory: PhysicalMemory, changed: PhysicalMemory, record: String, mayBeUnchanged: Bool
  ) throws(CommandFailure) -> (report: PatchReport, frames: UInt64) {
    let patch = try patch(memory, changed: changed)
    let target = try target()
    let report = try write(patch, to: target, record: record)
    do throws(SystemError) { try EndNote.remove(from: target.file) } catch { throw notWritten(error) }
    if report.changedPages == 0, !mayBeUnchanged {
      throw notWritten("\(request.memory.path): none of the pages that can be repaired is in the dump")
    }
    do throws(DumpError) { try patch.check(target.temporaryPath, report) } catch { throw notWritten(error) }
    let pages = patch.framesInFile
    do throws(PipelineError) {
      try target.commitDump(request.record, memory.isComplete ? .completed : .inputLackedPages)
    } catch { throw notWritten(error) }
    return (report, pages)
  }

  private func patch(
    _ memory: PhysicalMemory, changed: PhysicalMemory
  ) throws(CommandFailure) -> DumpPatch {
    do throws(VmcoreError) { return try DumpPatch(memory, changed: changed) } catch {
      throw notWritten(error)
    }
  }

  private func target() throws(CommandFailure) -> ReplacementFile {
    do throws(SystemError) {
      return try ReplacementFile(request.output, replacing: request.overwrites)
    } catch { throw notWritten(error) }
  }

  private func write(
    _ patch: borrowing DumpPatch, to target: borrowing ReplacementFile, record: String
  ) throws(CommandFailure) -> PatchReport {
    let progress = Progress(messages)
    progress.begin(.copyingData)
    do throws(VmcoreError) {
      let report = try patch.write(to: target.file, record: record) { progress.update(done: $0, total: $1) }
      progress.end()
      return report
    } catch { throw notWritten(error) }
  }

  private func notWritten(_ reason: String) -> CommandFailure {
    CommandFailure("\(reason); \(request.output) is not written")
  }

  private func notWritten(_ reason: some SystemCause) -> CommandFailure {
    CommandFailure(reason, consequence: "; \(request.output) is not written")
  }

  private func tell(_ report: PatchReport, repair: Repair?, record: String, of pages: UInt64) {
    messages.common("")
    messages.common(
      (request.memory.encryption.strips ? "Changed pages   : " : "Repaired pages  : ")
        + "\(report.changedPages)"
        + (report.appendedPages > 0 ? ", \(report.appendedPages) of them at the end of the file" : ""))
    let left = UInt64(repair?.plan?.lostPages ?? 0)
    messages.common("Unrepaired pages: \(left + report.failedPages)")
    for line in repair?.plan?.losses ?? [] { messages.common("  \(line)") }
    for (pfn, reason) in report.failures { messages.common("  \(pfn): \(reason)") }
    let others = pages - min(pages, report.changedPages + left + report.failedPages)
    messages.common("Untouched pages : \(others)")
    if !report.isRecorded, !record.isEmpty {
      messages.debug("the dump's format has no place for a record of the repair")
    }
    messages.debug("record: \(record.dropLast())")
    tellEnd()
  }

  private func tellEnd() {
    messages.common("")
    messages.common("The repaired dump is saved to \(request.output).")
    messages.common("")
    messages.common("\(messages.programName) Completed.")
  }

  // MARK: - A dump of what is intact

  /// Writes a kdump-compressed dump anew.
  private func rewrite(
    _ salvaged: SalvagedStore, source: PhysicalMemory, ready: MemoryPreparation, hasNewNotes: Bool,
    threads: Int
  ) throws(CommandFailure) -> ExitStatus {
    let rewriting = DumpRewriting(
      salvaged, source: source, ready: ready, request: request, threads: threads, messages: messages)
    do throws(PipelineError) { try rewriting.run() } catch {
      throw CommandFailure(error, consequence: "; \(request.output) is not written")
    }
    tell(salvaged.counts, hasNewNotes: hasNewNotes)
    tellEnd()
    return salvaged.isComplete ? .completed : lackedPages(salvaged.path)
  }

  private func tell(_ counts: SalvageCounts, hasNewNotes: Bool) {
    messages.common("")
    messages.common("Pages of the bitmap: \(counts.pages)")
    messages.common("  found whole      : \(counts.whole)")
    messages.common(
      "  recovered        : \(counts.recovered + counts.recoveredZeros) without their descriptors"
        + (counts.recoveredZeros > 0 ? ", \(counts.recoveredZeros) of them zeros" : ""))
    messages.common("  lost             : \(counts.lost)")
    for (count, reason) in [
      (counts.absent, "are not in the file"), (counts.damaged, "are damaged"),
      (counts.contested, "have bytes that other pages claim"),
      (counts.doubtful, "may be right, but nothing proves it: beside a damaged one, or among lost ones"),
      (counts.undescribed, "have no descriptor, and nothing proves which bytes are theirs"),
    ] where count > 0 {
      messages.common("    \(count) \(reason)")
    }
    if let path = request.checked, counts.changed > 0 {
      messages.common("  not what \(path) says: \(counts.changed), wherever they were found")
    }
    if hasNewNotes { messages.common("VMCOREINFO is new.") }
  }
}
