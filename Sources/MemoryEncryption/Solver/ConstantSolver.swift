internal import Vmcore

/// Finds the constants that undo XE's damage to a low region, and believes only those that two independent checks
/// speak for.
///
/// Whatever the key, a page that was encrypted at l and decrypted at r is off by `T(l ^ r)` in every block. Pages of
/// zeros, untouched memory and free pointers show such constants or relations between them; `T` is linear, so the
/// constants of some pages follow from those of others.
public struct ConstantSolver: Sendable {
  let detector: Detector
  let region: LowRegion
  let table: TweakTable
  let addresses: [UInt64]
  let slabs: SlabEvidence

  /// - Parameter table: constants that this machine may have.
  public init(_ region: LowRegion, table: TweakTable = .published) {
    self.region = region
    self.table = table
    detector = Detector(region)
    addresses = (0..<region.pageCount).map { region.address(ofPage: $0).rawValue }
    slabs = SlabEvidence(region, pages: Set(detector.pages))
  }

  /// Weighs all evidence.
  public func plan() -> RepairPlan {
    var log = EvidenceLog()
    log.add(detector)
    if let verdict = detector.verdict {
      log.add(verdict)
      return nothing(verdict, log)
    }
    let votes = collectVotes()
    let families = UntouchedFamily.find(in: region, pages: detector.pages)
    log.add(votes: votes, families: families)
    let search = AlignmentSearch(
      region: region, addresses: addresses, table: table, votes: votes, families: families)
    log.add(search)
    guard let hypothesis = search.primary else {
      log.add(.noEvidence)
      return nothing(.noEvidence, log)
    }
    var classes = ClassJudge(self, search: search, hypothesis: hypothesis)
    classes.judge()
    return finish(classes, search, log)
  }

  /// What each page says by itself.
  private func collectVotes() -> [PageVote] {
    var votes: [PageVote] = []
    var voters: Set<Int> = []
    for page in detector.pages {
      let shape = detector.shapes[page]
      guard shape.standsOut, shape.mode != .zero else { continue }
      voters.insert(page)
      votes.append(
        PageVote(page: page, constant: shape.mode, weight: shape.modeCount, source: .repeated))
    }
    for vote in slabs.periodicVotes() where !voters.contains(vote.page) { votes.append(vote) }
    return votes
  }

  private func nothing(_ verdict: Verdict, _ log: EvidenceLog) -> RepairPlan {
    let reason: LeaveReason =
      switch verdict {
      case .undamaged: .undamaged
      case .unconfirmed: .unconfirmed
      default: .undetermined
      }
    let actions = region.attributes.map { attribute -> PageAction in
      switch attribute {
      case .absent: .leave(.absent)
      case .decrypted where verdict != .undamaged: .leave(.mappedDecrypted)
      default: .leave(reason)
      }
    }
    return RepairPlan(
      verdict: verdict, start: region.start, byteCount: UInt64(region.blocks.count * Block.byteCount),
      actions: actions, classes: [], backup: nil, evidence: log.lines)
  }

  private func finish(_ judge: ClassJudge, _ search: AlignmentSearch, _ log: EvidenceLog) -> RepairPlan {
    var log = log
    var actions = region.attributes.map { attribute -> PageAction in
      switch attribute {
      case .absent: .leave(.absent)
      case .decrypted: .leave(.mappedDecrypted)
      case .encrypted, .unknown: .leave(.ambiguous)
      }
    }
    let vocabulary = judge.vocabulary
    for found in judge.classes {
      for page in found.pages {
        guard found.isAccepted, let constant = found.constant else {
          actions[page] = .leave(found.reason ?? .unconfirmed)
          continue
        }
        if constant == .zero {
          actions[page] = .leave(.undamaged)
        } else if region.attributes[page] == .unknown, !judge.examiner.confirms(page, constant, vocabulary) {
          actions[page] = .leave(.attributeUnknown)
        } else {
          actions[page] = .xor(constant)
        }
      }
    }
    let verdicts = judge.classes.map { found in
      ClassVerdict(
        constant: found.constant, difference: search.difference(of: found, addresses), pages: found.pages,
        checks: found.checks, isAccepted: found.isAccepted, reason: found.reason)
    }
    let accepted = judge.classes.count { $0.isAccepted }
    let isWhole = !actions.contains { action in
      switch action {
      case .leave(.undetermined), .leave(.unconfirmed), .leave(.contradicted), .leave(.ambiguous): true
      default: false
      }
    }
    let verdict: Verdict = accepted == 0 ? .unconfirmed : isWhole ? .repairable : .partlyRepairable
    for verdict in verdicts { log.add(verdict) }
    log.add(verdict)
    return RepairPlan(
      verdict: verdict, start: region.start, byteCount: UInt64(region.blocks.count * Block.byteCount),
      actions: actions, classes: verdicts,
      backup: search.backup(of: region.start.rawValue).map { PhysicalAddress($0) }, evidence: log.lines)
  }
}
