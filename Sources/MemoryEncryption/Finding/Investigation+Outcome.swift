extension Investigation {
  /// What an investigation comes to.
  public enum Outcome: Sendable {
    /// The kernel did not choose what is encrypted, or was a guest: its own dumps need nothing done.
    case nothingToUndo(EncryptionState)
    /// All of memory is ciphertext, the page tables too: whoever read it did so without the encryption bit.
    case wrongView(MemorySurvey)
    /// The machine, as the dump has it, has no memory below 640 KiB.
    case noLowMemory
    /// The dump is one file of a split one, and low memory is in another.
    case lowMemoryElsewhere
    /// Of low memory no page is in the dump.
    case lowMemoryLeftOut
    /// The dump itself says that it was repaired.
    case repairedBefore(record: String)
    case judged(RepairPlan)
  }

  /// What low memory's plan says, if there is one.
  public var plan: RepairPlan? {
    if case .judged(let plan) = outcome { plan } else { nil }
  }
}

extension Investigation.Outcome {
  /// For messages, one sentence.
  public var sentence: String {
    switch self {
    case .nothingToUndo(let state): state.meaning
    case .wrongView(let survey) where survey.isFromHost:
      "the guest's memory was encrypted, and its host sees ciphertext (the kernel's page tables are noise; \(survey.counts)):"
        + " only the guest's key could read it; collect inside of the guest"
    case .wrongView(let survey):
      "SME was active, and all of memory is ciphertext (the kernel's page tables are noise; \(survey.counts)): it was read"
        + " without the encryption bit, as by a capture kernel with mem_encrypt=off; only the key could read it"
        + " (--sme-key with --sme-view c0)"
    case .noLowMemory:
      "SME was active, but the dump has no memory below 640 KiB: no backup was made of it (kexec_file_load makes none from"
        + " Linux 5.5 on), and none could damage it"
    case .lowMemoryElsewhere:
      "SME was active; this file of a split dump has no memory below 640 KiB, where a backup could have damaged it: ask of"
        + " the first file, or of all of them"
    case .lowMemoryLeftOut:
      "SME was active, but no page below 640 KiB is in the dump, where a backup could have damaged it"
    case .repairedBefore(let record):
      "SME was active, and the dump says that it was undone already: \(record)"
    case .judged(let plan) where plan.verdict == .undamaged && plan.noisePages > 0:
      "SME was active; \(plan.verdict.sentence), but for \(plan.noisePages) pages of noise, which may be content or damage"
    case .judged(let plan):
      plan.verdict == .undamaged || plan.repairedPages > 0 || plan.lostPages > 0
        ? "SME was active; \(plan.verdict.sentence)"
        : "SME was active; low memory is noise, and the crashed kernel never used it: nothing is lost"
    }
  }
}
