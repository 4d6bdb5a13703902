internal import DumpMemory
internal import KernelModel
internal import MemoryEncryption

/// Undoes what memory encryption did to a vmcore, by the user's policy, and says what was done.
enum EncryptionStage {
  /// Finds out what can be done, and says nothing.
  ///
  /// - Returns: the memory as the first kernel saw it, as far as that can be had, and what to write into the dump.
  static func repair(
    _ kernel: Kernel, options: SMEOptions, depth: Investigation.Depth
  ) throws(CommandFailure) -> Repair {
    let investigation: Investigation
    do throws(KernelError) {
      investigation = try Investigation(kernel, region: options.region, depth: depth)
    } catch { throw CommandFailure(error) }
    guard let keyFile = options.keyFile else { return Repair(investigation, of: kernel) }
    return try undo(kernel, investigation: investigation, keyFile: keyFile, options: options)
  }

  /// Clears the encryption bit in the page tables, if the user wants that.
  ///
  /// - Parameter kernel: in memory as it saw it.
  /// - Returns: the memory and the notes that go into the dump, and what to write into it. The kernel in that memory
  ///   still says what it was: `sme_me_mask` and its own copy of VMCOREINFO stay.
  static func strip(
    _ memory: PhysicalMemory, of kernel: Kernel?, options: SMEOptions, messages: Messages
  ) throws(CommandFailure) -> (memory: PhysicalMemory, record: String) {
    guard options.strips else { return (memory, "") }
    guard let kernel else { throw CommandFailure("--sme-strip: without vmcoreinfo no page table is known") }
    guard kernel.tables.encryptionMask != 0 else {
      messages.common("SME: the page tables have no encryption bit; nothing is stripped.")
      return (memory, "")
    }
    let layer: StripLayer
    do throws(KernelError) {
      layer = try StripLayer(kernel)
    } catch { throw CommandFailure(error) }
    for gap in layer.gaps { messages.warning("--sme-strip: \(gap)") }
    messages.common(
      "SME: the encryption bit is stripped from \(layer.tableCount) page tables, of the kernel and of"
        + " \(layer.processes) processes.")
    let notes = memory.notes.withoutEncryptionMask()
    return (PhysicalMemory(memory, adding: layer, notes: notes), layer.record)
  }

  private static func undo(
    _ kernel: Kernel, investigation: Investigation, keyFile: String, options: SMEOptions
  ) throws(CommandFailure) -> Repair {
    do throws(EncryptionError) {
      let key = try KeyMaterial(keyPath: keyFile, mode: options.mode, tweaksPath: options.tweaksFile)
      return try Repair(investigation, of: kernel, key: key, view: options.view, user: options.region)
    } catch { throw CommandFailure(error) }
  }

  static func tellEvidence(_ repair: Repair, messages: Messages) {
    for line in repair.investigation.evidence { messages.debug("SME: \(line)") }
  }

  /// Says what is done; throws if that is less than the user required.
  static func tell(
    _ repair: Repair, _ options: SMEOptions, _ messages: Messages
  ) throws(CommandFailure) {
    tellEvidence(repair, messages: messages)
    if options.keyFile != nil {
      messages.common("SME: \(repair.record.dropLast())")
      return
    }
    let outcome = repair.investigation.outcome
    switch outcome {
    case .nothingToUndo(let state):
      if state.kind != .none { messages.common("Memory encryption: \(outcome.sentence).") }
    case .noLowMemory, .lowMemoryElsewhere, .lowMemoryLeftOut, .repairedBefore:
      messages.common("\(outcome.sentence).")
    case .wrongView:
      if options.policy == .require { throw CommandFailure("--sme require: \(outcome.sentence)") }
      messages.warning(outcome.sentence)
    case .judged(let plan):
      try tell(plan, outcome: outcome, options: options, messages: messages)
    }
  }

  private static func tell(
    _ plan: RepairPlan, outcome: Investigation.Outcome, options: SMEOptions, messages: Messages
  ) throws(CommandFailure) {
    if plan.verdict == .undamaged {
      // What was repaired by half looks undamaged as well.
      if plan.noisePages * 4 > plan.actions.count {
        messages.warning("\(outcome.sentence); nothing is changed")
      } else {
        messages.common("\(outcome.sentence); nothing is changed.")
      }
      return
    }
    if plan.repairedPages > 0 { messages.common("SME (XE): \(plan.account).") }
    if let note = plan.trampolineNote { messages.common("SME: \(note).") }
    if plan.lostPages == 0 {
      if plan.repairedPages == 0 { messages.common("\(outcome.sentence).") }
      return
    }
    if plan.repairedPages == 0, plan.neverWrittenPages > 0 {
      messages.common(
        "SME: \(plan.neverWrittenPages) pages of low memory were never written, or never used by the crashed kernel: with"
          + " them nothing is lost.")
    }
    let line =
      "\(plan.lostPages) pages of low memory are noise and cannot be repaired without the key"
      + " (\(plan.verdict.rawValue); -D tells the evidence): \(plan.losses.joined(separator: "; "))"
    if options.policy == .require { throw CommandFailure("--sme require: \(line)") }
    messages.warning(line)
  }
}
