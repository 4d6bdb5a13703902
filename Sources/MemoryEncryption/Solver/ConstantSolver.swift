internal import DumpMemory

/// Finds the constants that undo XE's damage to a low region, and believes only those that are proven (``ClassJudge``).
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
  let content: ContentEvidence

  /// - Parameter table: constants that this machine may have.
  public init(_ region: LowRegion, table: TweakTable = .published) {
    self.region = region
    self.table = table
    detector = Detector(region)
    addresses = (0..<region.pageCount).map { region.address(ofPage: $0).rawValue }
    slabs = SlabEvidence(region, pages: Set(detector.pages))
    content = ContentEvidence(detector, slabs: slabs)
  }

  /// Weighs all evidence.
  public func plan() -> RepairPlan {
    var log = EvidenceLog()
    log.add(detector)
    if let verdict = detector.verdict {
      log.add(verdict)
      return nothing(verdict, log: log)
    }
    let votes = collectVotes()
    let families = UntouchedFamily.find(in: region, pages: detector.pages)
    log.add(votes: votes, families: families)
    let search = AlignmentSearch(
      region: region, addresses: addresses, table: table, votes: votes, families: families)
    log.add(search)
    guard let hypothesis = search.primary else {
      log.add(.noEvidence)
      return nothing(.noEvidence, log: log)
    }
    var classes = ClassJudge(self, votes: votes, families: families, search: search, hypothesis: hypothesis)
    classes.judge()
    return finish(classes, search: search, log: log)
  }

  /// What each page says by itself.
  func collectVotes() -> [PageVote] {
    var votes: [PageVote] = []
    var voters: Set<Int> = []
    for page in detector.pages {
      if let (constant, weight) = content.constant(provenBy: page) {
        voters.insert(page)
        votes.append(PageVote(page: page, constant: constant, weight: weight, source: .content))
        continue
      }
      let shape = detector.shapes[page]
      guard shape.standsOut, shape.mode != .zero else { continue }
      voters.insert(page)
      votes.append(PageVote(page: page, constant: shape.mode, weight: shape.modeCount, source: .fill))
    }
    for vote in slabs.periodicVotes() where !voters.contains(vote.page) {
      // One free pointer alone gives a wrong constant in some of 10000 pages; blocks that it makes fills, or a second
      // pointer, in none.
      let (fills, others) = content.explained([vote.page], constant: vote.constant)
      if others <= fills, fills > 0 || vote.weight >= 2 { votes.append(vote) }
    }
    return votes
  }

  private func nothing(_ verdict: Verdict, log: EvidenceLog) -> RepairPlan {
    let reason: LeaveReason =
      switch verdict {
      case .undamaged: .undamaged
      case .unconfirmed: .unconfirmed
      default: .undetermined
      }
    return RepairPlan(
      verdict: verdict, start: region.start, byteCount: UInt64(region.blocks.count * Block.byteCount),
      actions: leavingAll(reason), classes: [], backup: nil,
      soundPages: detector.pages.count { content.isSound($0) },
      noisePages: noisePages, evidence: log.lines)
  }

  private var noisePages: Int {
    detector.pages.count { detector.shapes[$0].isNoise && !region.reserved.contains($0) }
  }

  /// A page that cannot be brought back is no loss if the kernel never used it.
  private func leave(_ page: Int, reason: LeaveReason) -> PageAction {
    .leave(reason.isLoss && region.reserved.contains(page) ? .neverUsed : reason)
  }

  /// What is done to each page that nothing else is done to.
  private func leavingAll(_ reason: LeaveReason) -> [PageAction] {
    region.attributes.indices.map { page in
      switch region.attributes[page] {
      case .absent: .leave(.absent)
      case .decrypted where reason != .undamaged: .leave(.mappedDecrypted)
      case .decrypted, .encrypted, .unknown: leave(page, reason: reason)
      }
    }
  }

  private func finish(_ judge: ClassJudge, search: AlignmentSearch, log: EvidenceLog) -> RepairPlan {
    var log = log
    var actions = leavingAll(.ambiguous)
    let verifier = PageVerifier(self, judge: judge)
    log.add(verifier, region, judge)
    var verdicts: [ClassFinding] = []
    for found in judge.classes {
      let difference = search.difference(of: found, addresses)
      func add(_ pages: [Int], _ reason: LeaveReason?) {
        if pages.isEmpty { return }
        verdicts.append(
          ClassFinding(
            constant: found.constant, difference: difference, pages: pages, checks: found.checks,
            isAccepted: reason == nil, reason: reason))
      }
      guard found.isAccepted, let constant = found.constant else {
        let reason = found.reason ?? .unconfirmed
        for page in found.pages { actions[page] = leave(page, reason: reason) }
        add(found.pages, reason)
        continue
      }
      // What a page itself denies is left, whatever its class's constant is.
      var left: [LeaveReason: [Int]] = [:]
      var believing: [Int] = []
      for page in found.pages {
        if constant != .zero, let reason = verifier.refutation(of: constant, for: page) {
          actions[page] = leave(page, reason: reason)
          left[reason, default: []].append(page)
        } else {
          actions[page] = constant == .zero ? .leave(.undamaged) : .xor(constant)
          believing.append(page)
        }
      }
      add(believing, nil)
      for reason in LeaveReason.allCases { add(left[reason] ?? [], reason) }
    }
    let accepted = verdicts.count { $0.isAccepted }
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
      backup: search.backup, soundPages: verifier.soundPages.count,
      noisePages: noisePages, evidence: log.lines)
  }
}
