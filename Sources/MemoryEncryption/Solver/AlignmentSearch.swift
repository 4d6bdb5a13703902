internal import DumpMemory

/// Which alignments of the backup the evidence allows.
struct AlignmentSearch: Sendable {
  /// A table that the dump confirmed, or one that was assumed because nothing else is there.
  private(set) var match: TableMatch?
  private(set) var isTableConfirmed = false
  /// All that fit equally well; few enough to compare, or none.
  private(set) var fitting: [Hypothesis] = []
  /// How many fit, even if those are too many to compare, or a stated address decided.
  private(set) var fittingCount = 0
  /// What to start from.
  private(set) var primary: Hypothesis?
  /// A named address that fits.
  private(set) var stated: BackupCandidate?
  /// Named addresses that the evidence denies.
  private(set) var denied: [BackupCandidate] = []

  private let source: UInt64
  private let addresses: [UInt64]
  private let table: TweakTable
  private let votes: [PageVote]
  private let families: [UntouchedFamily]

  private static let mostCompared = 16
  /// A wrong alignment may fit by one coincidence of page contents.
  private static let fewestLeftOver = 2
  /// Of so many pages that deny an answer one may be another's that speaks for it by chance.
  private static let contradictionsPerPage = 4
  /// A stated address decides between so few answers: one that has nothing to do with the dump would hardly be
  /// among them.
  private static let mostDecided = 4
  /// And only where the evidence has that much to say.
  private static let fewestToDecide = 16

  init(
    region: LowRegion, addresses: [UInt64], table: TweakTable, votes: [PageVote], families: [UntouchedFamily]
  ) {
    source = region.start.rawValue
    self.addresses = addresses
    self.table = table
    self.votes = votes
    self.families = families
    let source = source
    let candidates = region.backups.filter {
      Alignment(from: source, to: $0.address.rawValue) != nil && $0.address.rawValue != source
    }
    if let match = TableMatch(
      table, votes: votes, addresses: addresses,
      stated: candidates.map { $0.address.rawValue &- source })
    {
      take(match, candidates)
      return
    }
    let best = bestFitting()
    if !best.isEmpty { take(best, candidates) } else { takeWithoutAlignment(candidates) }
  }

  /// The table gives the distance itself.
  private mutating func take(_ match: TableMatch, _ candidates: [BackupCandidate]) {
    let only = hypothesis(match.alignment, table: match.equations, improves: true)
    self.match = match
    isTableConfirmed = true
    fitting = [only]
    fittingCount = 1
    primary = only
    stated = candidates.first { $0.address.rawValue &- source == match.distance }
    denied = candidates.filter { $0.address.rawValue &- source != match.distance }
  }

  private mutating func take(_ best: [Hypothesis], _ candidates: [BackupCandidate]) {
    func fits(_ candidate: BackupCandidate) -> Hypothesis? {
      best.first { $0.alignment == Alignment(from: source, to: candidate.address.rawValue) }
    }
    stated = candidates.first { fits($0) != nil }
    denied = candidates.filter { fits($0) == nil }
    fittingCount = best.count
    primary = stated.flatMap { fits($0) } ?? best.first
    if best.count <= AlignmentSearch.mostCompared { fitting = best }
    if let stated, stated.certainty == .stated, let decided = fits(stated),
      best.count <= AlignmentSearch.mostDecided, decided.consensus.leftOver >= AlignmentSearch.fewestToDecide
    {
      fitting = [decided]
    }
  }

  /// Nothing in the dump tells how the backup lies. A named address and a table then name constants, and content has
  /// to confirm them; without a table, a page that votes for itself can still be had.
  private mutating func takeWithoutAlignment(_ candidates: [BackupCandidate]) {
    stated = candidates.first
    let distance = stated.map { $0.address.rawValue &- source }
    if let distance, votes.isEmpty {
      let match = TableMatch(assuming: distance, table, addresses: addresses)
      let only = hypothesis(match.alignment, table: match.equations, improves: false)
      self.match = match
      fitting = [only]
      fittingCount = 1
      primary = only
    } else if !votes.isEmpty {
      fittingCount = Alignment.count
      primary = hypothesis(Alignment(shift: distance ?? 0), table: [], improves: true)
    }
  }

  /// The alignments under which most of the evidence fits together; none if it is too little to tell.
  private func bestFitting() -> [Hypothesis] {
    if votes.isEmpty, families.isEmpty { return [] }
    let plain = best(with: [])
    guard let leftOver = plain.first?.consensus.leftOver, leftOver >= AlignmentSearch.fewestLeftOver else {
      return []
    }
    // A backup above 4 GiB hides the table's higher constants, not the low ones. They are believed where they agree
    // with the dump twice and more, and never deny it.
    let low = TableMatch.lowEquations(table)
    if plain.count > 1, !low.isEmpty {
      let tabled = best(with: low).filter { found in
        !found.consensus.contradicting.contains { $0.source == .table }
      }
      if let more = tabled.first?.consensus.leftOverWithTable(count: low.count),
        more >= leftOver + AlignmentSearch.fewestLeftOver
      {
        return tabled
      }
    }
    return plain
  }

  private func best(with table: [Equation]) -> [Hypothesis] {
    let coarse = (0..<Alignment.count).map { index in
      hypothesis(Alignment(shift: UInt64(index) * LowRegion.pageBytes), table: table, improves: false)
    }
    guard let top = AlignmentSearch.best(of: coarse) else { return [] }
    // An outlier may cost the right one a few pages here; looking closer costs time.
    let close = coarse.filter {
      $0.consensus.leftOver * 10 >= top.leftOver * 9 || AlignmentSearch.nearlyFits($0.consensus, best: top)
    }.map { hypothesis($0.alignment, table: table, improves: true) }
    guard let best = AlignmentSearch.best(of: close), best.contradicting.count <= best.leftOver else {
      return []
    }
    return close.filter { AlignmentSearch.nearlyFits($0.consensus, best: best) }
      .sorted { $0.consensus.leftOver > $1.consensus.leftOver }
  }

  private static func best(of hypotheses: [Hypothesis]) -> Consensus? {
    hypotheses.max { $0.consensus.leftOver < $1.consensus.leftOver }?.consensus
  }

  /// Whether one fits as well as the best; or nearly, where pages deny even that, as what others hold may speak for a wrong one.
  private static func nearlyFits(_ one: Consensus, best: Consensus) -> Bool {
    one.leftOver + best.contradicting.count / contradictionsPerPage >= best.leftOver
  }

  private func hypothesis(_ alignment: Alignment, table: [Equation], improves: Bool) -> Hypothesis {
    Hypothesis(
      alignment, addresses: addresses, votes: votes, families: families, table: table, improves: improves)
  }

  /// Whether a page's constant is the same in all that fits, up to a fill that somebody assumed; `own` are the blocks
  /// that repeat in the page itself.
  func agrees(on constant: Block?, ofPageAt address: UInt64, own: [Block]) -> Bool {
    if let constant, let first = own.first, FillPattern.explains(first, constant: constant) { return true }
    if fitting.isEmpty { return false }
    return fitting.allSatisfy {
      let other = $0.consensus.system.value(of: $0.alignment.difference(address))
      guard let constant, let other else { return constant == other }
      return constant == other || FillPattern.differences.contains(constant ^ other)
    }
  }

  /// Where the region's first byte went, and who says so; nil if nobody knows the address to its highest bit.
  ///
  /// The bits from 20 on are the same in all distances of a region, and move all constants alike: content cannot tell them.
  /// A table that is confirmed can, and so can whoever wrote the backup.
  var backup: BackupCandidate? {
    if let match, isTableConfirmed {
      let table = "the tweak table, by \(match.constants) constants of \(match.pages) pages"
      return BackupCandidate(
        address: PhysicalAddress(source &+ match.distance), certainty: .stated,
        evidence: stated.map { "\($0.evidence), and \(table)" } ?? table)
    }
    return stated?.certainty == .stated ? stated : nil
  }

  /// `l ^ r` of a class's pages, its bits above 19 only where the backup's address is known.
  func difference(of found: ConstantClass, _ addresses: [UInt64]) -> UInt64 {
    guard let page = found.pages.first else { return 0 }
    if let backup {
      return addresses[page] ^ (addresses[page] &+ backup.address.rawValue &- source)
    }
    return found.mask & (LowRegion.limit - 1)
  }
}
