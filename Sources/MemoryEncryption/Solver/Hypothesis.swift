/// All evidence under one assumption of how the backup lies.
struct Hypothesis: Sendable {
  let alignment: Alignment
  let equations: [Equation]
  let consensus: Consensus
  /// Families that fit the assumption.
  let families: Int

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
      let key = VoteKey(mask: mask, value: vote.constant)
      if let place = places[key] {
        equations[place].weight += vote.weight
        equations[place].count += 1
      } else {
        places[key] = equations.count
        equations.append(
          Equation(mask: mask, value: vote.constant, source: .vote, weight: vote.weight, count: 1))
      }
    }
    var fitting = 0
    for (number, family) in families.enumerated() {
      let members = family.members.map { member in
        Equation(
          mask: alignment.read(addresses[member.page]) | Alignment.familyUnknown(number),
          value: member.origin,
          source: .untouched, weight: member.weight, count: 1)
      }
      let alone = Consensus(members, improves: false)
      // Regular content may look untouched in each of its pages. That all pages lie as their addresses demand is
      // what sets untouched memory apart.
      guard alone.leftOver >= Hypothesis.fewestLeftOver, alone.contradicting.count * 10 <= members.count
      else { continue }
      fitting += 1
      equations += alone.satisfied
    }
    self.alignment = alignment
    self.equations = equations
    self.families = fitting
    consensus = Consensus(equations, improves: improves)
  }

  static let fewestLeftOver = 3

  private struct VoteKey: Hashable {
    let mask: UInt64
    let value: Block
  }
}
