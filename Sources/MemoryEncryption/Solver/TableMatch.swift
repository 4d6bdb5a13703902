/// A tweak table that the dump's own constants agree with, and the backup's distance that follows.
struct TableMatch: Sendable {
  let table: TweakTable
  /// How far the region was moved, modulo 2^64.
  let distance: UInt64
  /// Pages whose constants the table gives.
  let pages: Int
  /// Different constants among them.
  let constants: Int
  let addresses: [UInt64]

  /// What the table says of a page's constant.
  func constant(ofPageAt address: UInt64) -> Block? {
    table.value(for: address ^ (address &+ distance))
  }

  /// Assumes an address of the backup, with nothing to show for it yet.
  init(assuming distance: UInt64, _ table: TweakTable, addresses: [UInt64]) {
    self.table = table
    self.distance = distance
    pages = 0
    constants = 0
    self.addresses = addresses
  }

  /// Decodes every vote into `l ^ r` and so into the distance, and takes the one that most pages agree on. A constant of
  /// the table has 32 bits of its own: that a wrong one decodes, with any fill, and to the distance that the others have,
  /// is no coincidence to be met.
  ///
  /// - Parameter stated: distances that somebody named.
  /// - Returns: nil unless nine of ten votes agree, with two different constants, or with one and a stated distance.
  init?(_ table: TweakTable, votes: [PageVote], addresses: [UInt64], stated: [UInt64]) {
    // Constants as unknowns: solving for one gives the address bits that make it.
    var decoder = LinearSystem()
    for bit in 12...TweakTable.highestBit {
      guard let constant = table[bit] else { continue }
      decoder.insert(mask: constant.low, value: Block(low: 1 << UInt64(bit), high: 0))
    }
    var tally: [UInt64: Int] = [:]
    for vote in votes {
      var distances: Set<UInt64> = []
      for fill in vote.source == .fill ? FillPattern.blocks : [.zero] {
        guard let difference = decoder.value(of: (vote.constant ^ fill).low)?.low,
          table.value(for: difference) == vote.constant ^ fill
        else { continue }
        distances.insert((addresses[vote.page] ^ difference) &- addresses[vote.page])
      }
      for distance in distances { tally[distance, default: 0] += 1 }
    }
    guard let best = tally.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), best.key != 0 else {
      return nil
    }
    var agreeing: Set<Block> = []
    for vote in votes {
      let address = addresses[vote.page]
      guard let own = table.value(for: address ^ (address &+ best.key)) else { continue }
      if vote.agrees(with: own) { agreeing.insert(own) }
    }
    guard best.value * 10 >= votes.count * 9, agreeing.count >= 2 || stated.contains(best.key) else {
      return nil
    }
    self.table = table
    distance = best.key
    pages = best.value
    constants = agreeing.count
    self.addresses = addresses
  }

  var alignment: Alignment { Alignment(shift: distance) }

  /// What a table says of the unknowns that are address bits.
  static func lowEquations(_ table: TweakTable) -> [Equation] {
    (12...19).compactMap { bit in
      table[bit].map { Equation(mask: 1 << UInt64(bit), value: $0, source: .table, weight: 1, count: 0) }
    }
  }

  /// What the table says of all the solver's unknowns.
  var equations: [Equation] {
    var equations = TableMatch.lowEquations(table)
    let high = distance & ~(LowRegion.limit - 1)
    for (unknown, bits) in [
      (Alignment.highUnknown, high), (Alignment.carriedHighUnknown, high &+ LowRegion.limit),
    ] {
      guard let constant = table.value(for: bits) else { continue }
      equations.append(Equation(mask: unknown, value: constant, source: .table, weight: 1, count: 0))
    }
    return equations
  }
}
