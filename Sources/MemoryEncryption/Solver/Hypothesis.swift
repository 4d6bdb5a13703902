/// All evidence under one assumption of how the backup lies.
struct Hypothesis: Sendable {
  let alignment: Alignment
  let equations: [Equation]
  let consensus: Consensus
  /// Families that fit the assumption.
  let families: Int
  /// Pages that look untouched, and as they do at their own addresses: they are already what the first kernel saw.
  let misfits: Set<Int>

  /// - Parameters:
  ///   - addresses: of the region's pages.
  ///   - table: equations of the published table.
  init(
    _ alignment: Alignment, addresses: [UInt64], votes: [PageVote], families: [UntouchedFamily],
    table: [Equation] = [], improves: Bool
  ) {
    var equations = table
    var places: [VoteKey: Int] = [:]
    for vote in votes {
      let mask = alignment.difference(addresses[vote.page])
      let source: Equation.Source = vote.source == .content ? .content : .fill
      let key = VoteKey(mask: mask, value: vote.constant, source: source)
      if let place = places[key] {
        equations[place].weight += vote.weight
        equations[place].count += 1
      } else {
        places[key] = equations.count
        equations.append(
          Equation(mask: mask, value: vote.constant, source: source, weight: vote.weight, count: 1))
      }
    }
    var fitting = 0
    var misfits: Set<Int> = []
    for (number, family) in families.enumerated() {
      let members = family.members.map { member in
        Equation(
          mask: alignment.read(addresses[member.page]) | Alignment.familyUnknown(number),
          value: member.origin,
          source: .untouched, weight: member.weight, count: 1)
      }
      let alone = Consensus(members, improves: improves)
      // Regular content may look untouched in each of its pages. That all pages lie as their addresses demand is
      // what sets untouched memory apart.
      if alignment != Alignment(shift: 0) {
        let own = family.members.map { member in
          Equation(
            // At its own place a page has no bits whose constants are not known one by one.
            mask: Alignment(shift: 0).read(addresses[member.page]) & ~Alignment.highUnknown
              | Alignment.familyUnknown(number),
            value: member.origin, source: .untouched, weight: member.weight, count: 1)
        }
        for index in Hypothesis.unmoved(own, but: members, alone: alone) {
          misfits.insert(family.members[index].page)
        }
      }
      guard alone.leftOver >= Hypothesis.fewestLeftOver, alone.contradicting.count * 10 <= members.count
      else { continue }
      fitting += 1
      equations += alone.satisfied
    }
    self.alignment = alignment
    self.equations = equations
    self.families = fitting
    self.misfits = misfits
    consensus = Consensus(equations, improves: improves)
  }

  /// Members that lie as their own addresses demand: all of them, or, where a part was repaired before, some.
  private static func unmoved(_ own: [Equation], but moved: [Equation], alone: Consensus) -> [Int] {
    let all = Consensus(own, improves: false)
    if all.leftOver > alone.leftOver {
      return own.indices.filter { all.system.value(of: own[$0].mask) == own[$0].value }
    }
    let others = moved.indices.filter { alone.system.value(of: moved[$0].mask) != moved[$0].value }
    let both = Consensus(alone.satisfied + others.map { own[$0] }, improves: false)
    guard both.leftOver >= alone.leftOver + fewestLeftOver else { return [] }
    return others.filter { both.system.value(of: own[$0].mask) == own[$0].value }
  }

  static let fewestLeftOver = 3

  private struct VoteKey: Hashable {
    let mask: UInt64
    let value: Block
    let source: Equation.Source
  }
}
