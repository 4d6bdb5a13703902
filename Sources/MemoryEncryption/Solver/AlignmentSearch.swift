internal import Vmcore

/// Which alignments of the backup the evidence allows.
struct AlignmentSearch: Sendable {
  /// A table that the dump confirmed, or one that was assumed because nothing else is there.
  let match: TableMatch?
  let isTableConfirmed: Bool
  /// All that fit equally well, the stated one first; few enough to compare, or none.
  let fitting: [Hypothesis]
  /// How many fit, even if those are too many to compare.
  let fittingCount: Int
  /// What to start from.
  let primary: Hypothesis?
  /// A stated address that fits.
  let stated: BackupCandidate?
  /// Stated addresses that the evidence denies.
  let denied: [BackupCandidate]

  private static let mostCompared = 16
  /// A wrong alignment may fit by one coincidence of page contents.
  private static let fewestLeftOver = 2

  init(
    region: LowRegion, addresses: [UInt64], table: TweakTable, votes: [PageVote], families: [UntouchedFamily]
  ) {
    let source = region.start.rawValue
    let candidates = region.backups.filter {
      Alignment(from: source, to: $0.address.rawValue) != nil && $0.address.rawValue != source
    }
    let distances = candidates.map { $0.address.rawValue &- source }

    if let match = TableMatch(table, votes: votes, addresses: addresses, stated: distances) {
      let only = Hypothesis(
        match.alignment, addresses: addresses, votes: votes, families: families, table: match.equations,
        improves: true)
      self.match = match
      isTableConfirmed = true
      fitting = [only]
      fittingCount = 1
      primary = only
      stated = candidates.first { $0.address.rawValue &- source == match.distance }
      denied = candidates.filter { $0.address.rawValue &- source != match.distance }
      return
    }

    var coarse: [Hypothesis] = []
    if !votes.isEmpty || !families.isEmpty {
      for index in 0..<Alignment.count {
        coarse.append(
          Hypothesis(
            Alignment(shift: UInt64(index) << 12), addresses: addresses, votes: votes, families: families,
            improves: false))
      }
    }
    let top = coarse.map { $0.consensus.leftOver }.max() ?? 0
    if top >= AlignmentSearch.fewestLeftOver {
      // An outlier may cost the right one a few pages here; looking closer costs time.
      let close = coarse.filter { $0.consensus.leftOver * 10 >= top * 9 }.map {
        Hypothesis($0.alignment, addresses: addresses, votes: votes, families: families, improves: true)
      }
      let best = close.map { $0.consensus.leftOver }.max() ?? 0
      var fitting = close.filter { $0.consensus.leftOver == best }
      stated = candidates.first { candidate in
        fitting.contains { $0.alignment == Alignment(from: source, to: candidate.address.rawValue) }
      }
      denied = candidates.filter { candidate in
        !fitting.contains { $0.alignment == Alignment(from: source, to: candidate.address.rawValue) }
      }
      if let stated, let alignment = Alignment(from: source, to: stated.address.rawValue),
        let place = fitting.firstIndex(where: { $0.alignment == alignment })
      {
        fitting.swapAt(0, place)
      }
      fittingCount = fitting.count
      primary = fitting.first
      self.fitting = fitting.count <= AlignmentSearch.mostCompared ? fitting : []
      match = nil
      isTableConfirmed = false
      return
    }

    // Nothing in the dump tells how the backup lies. A stated address and a table then name constants, and content
    // has to confirm them; without a table, a page that votes for itself can still be had.
    denied = []
    isTableConfirmed = false
    stated = candidates.first
    if let distance = distances.first, votes.isEmpty {
      let match = TableMatch(assuming: distance, table, addresses: addresses)
      let only = Hypothesis(
        match.alignment, addresses: addresses, votes: [], families: [], table: match.equations, improves: false)
      self.match = match
      fitting = [only]
      fittingCount = 1
      primary = only
    } else if !votes.isEmpty {
      match = nil
      fitting = []
      fittingCount = Alignment.count
      primary = Hypothesis(
        Alignment(shift: distances.first ?? 0), addresses: addresses, votes: votes, families: families,
        improves: true)
    } else {
      match = nil
      fitting = []
      fittingCount = 0
      primary = nil
    }
  }

  /// Whether a page's constant is the same in all that fits; `own` is what the page itself votes for.
  func agrees(on constant: Block?, ofPageAt address: UInt64, own: Block?) -> Bool {
    if let own, own == constant { return true }
    if fitting.isEmpty { return false }
    return fitting.allSatisfy { $0.consensus.system.value(of: $0.alignment.difference(address)) == constant }
  }

  /// Where the region's first byte went.
  func backup(of source: UInt64) -> UInt64? {
    if let match, isTableConfirmed { return source &+ match.distance }
    return stated?.address.rawValue
  }

  /// `l ^ r` of a class's pages, its bits above 19 only where the backup's address is known.
  func difference(of found: ConstantClass, _ addresses: [UInt64]) -> UInt64 {
    guard let page = found.pages.first else { return 0 }
    if let match { return addresses[page] ^ (addresses[page] &+ match.distance) }
    return found.mask & (LowRegion.limit - 1)
  }
}
