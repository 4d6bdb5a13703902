internal import Diskdump
internal import DumpMemory
internal import MemoryEncryption
internal import Platform

/// `vmsieve repair OLD NEW`: a dump as it is, but for what memory encryption did to it.
struct RepairCommand {
  let request: RepairRequest
  let messages: Messages

  /// - Returns: whether OLD had all pages that it should.
  func run() throws(CommandFailure) -> ExitStatus {
    try DumpTarget.check(request.output, overwriting: request.overwrites)
    if request.memory.encryption.policy == .off {
      throw CommandFailure("--sme off leaves nothing to repair: use auto or require")
    }
    var ready = try MemoryPreparation(request.memory, messages)
    let opened = ready.opened
    if opened.memory.isFlattened {
      throw CommandFailure(
        "\(request.memory.path) is flattened: make a file of it first, \(messages.programName) -R FILE < \(request.memory.path)"
      )
    }
    _ = try ready.knownKernel(for: "without which nothing is known of its memory encryption")
    try ready.run(.undoEncryption)
    guard let repair = ready.repair else { preconditionFailure("a kernel that is known is looked at") }
    if repair.memory.layers.isEmpty, !request.memory.encryption.strips {
      EncryptionStage.tellEvidence(repair, messages)
      throw nothingToDo(repair.investigation)
    }
    try ready.run([.tellOfEncryption, .strip])
    if ready.output.layers.isEmpty { throw nothingToDo(repair.investigation) }
    let (report, framesInFile) = try write(opened.memory, ready.output, ready.record)
    tell(report, repair, ready.record, of: framesInFile)
    if opened.memory.isComplete { return .completed }
    messages.warning(
      "\(request.memory.path) lacks pages: \(request.output) lacks them too and is marked incomplete")
    return .inputLackedPages
  }

  /// Why no page changes.
  private func nothingToDo(_ investigation: Investigation) -> CommandFailure {
    let sentence = investigation.outcome.sentence
    let isBroken =
      switch investigation.outcome {
      case .judged(let plan): plan.verdict != .undamaged
      case .wrongView: true
      case .nothingToUndo, .noLowMemory, .lowMemoryElsewhere, .lowMemoryLeftOut, .repairedBefore: false
      }
    if isBroken {
      return CommandFailure(
        "\(request.memory.path): nothing can be repaired: \(sentence); \(request.output) is not written")
    }
    return CommandFailure(
      "\(request.memory.path): there is nothing to repair: \(sentence); \(request.output) is not written",
      status: .nothingToRepair)
  }

  private func write(
    _ memory: PhysicalMemory, _ changed: PhysicalMemory, _ record: String
  ) throws(CommandFailure) -> (report: PatchReport, frames: UInt64) {
    let patch = try patch(memory, changed)
    let target = try target()
    let report = try write(patch, to: target, record)
    if report.changedPages == 0 {
      throw notWritten("\(request.memory.path): none of the pages that can be repaired is in the dump")
    }
    do throws(DumpError) { try patch.check(target.temporaryPath, report) } catch { throw notWritten(error) }
    let pages = patch.framesInFile
    do throws(SystemError) { try target.commit() } catch { throw notWritten(error) }
    return (report, pages)
  }

  private func patch(
    _ memory: PhysicalMemory, _ changed: PhysicalMemory
  ) throws(CommandFailure) -> DumpPatch {
    do throws(VmcoreError) { return try DumpPatch(memory, changed) } catch { throw notWritten(error) }
  }

  private func target() throws(CommandFailure) -> ReplacementFile {
    do throws(SystemError) {
      return try ReplacementFile(request.output, replacing: request.overwrites)
    } catch { throw notWritten(error) }
  }

  private func write(
    _ patch: borrowing DumpPatch, to target: borrowing ReplacementFile, _ record: String
  ) throws(CommandFailure) -> PatchReport {
    let progress = Progress(messages)
    progress.begin(.copyingData)
    do throws(VmcoreError) {
      let report = try patch.write(to: target.file, record: record) { progress.update(done: $0, total: $1) }
      progress.end()
      return report
    } catch { throw notWritten(error) }
  }

  private func notWritten(_ reason: some CustomStringConvertible) -> CommandFailure {
    CommandFailure("\(reason); \(request.output) is not written")
  }

  // MARK: - What was done

  private func tell(_ report: PatchReport, _ repair: Repair, _ record: String, of pages: UInt64) {
    messages.common("")
    messages.common(
      (request.memory.encryption.strips ? "Changed pages   : " : "Repaired pages  : ")
        + "\(report.changedPages)"
        + (report.appendedPages > 0 ? ", \(report.appendedPages) of them at the end of the file" : ""))
    let left = UInt64(repair.plan?.lostPages ?? 0)
    messages.common("Unrepaired pages: \(left + report.failedPages)")
    for line in repair.plan?.losses ?? [] { messages.common("  \(line)") }
    for (pfn, reason) in report.failures { messages.common("  \(pfn): \(reason)") }
    let others = pages - min(pages, report.changedPages + left + report.failedPages)
    messages.common("Untouched pages : \(others)")
    if !report.isRecorded {
      messages.debug("the dump's format has no place for a record of the repair")
    }
    messages.debug("record: \(record.dropLast())")
    messages.common("")
    messages.common("The repaired dump is saved to \(request.output).")
    messages.common("")
    messages.common("\(messages.programName) Completed.")
  }
}
