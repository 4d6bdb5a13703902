/// The solution that most of the evidence agrees with.
///
/// Equations are taken in the order of their kind and weight; one that contradicts the heavier ones is left out. Then each
/// equation that defined something is left out in turn, and what satisfies more weight without it wins, so that a
/// single heavy outlier cannot turn many.
struct Consensus: Sendable {
  let system: LinearSystem
  /// The equations that hold.
  let satisfied: [Equation]
  /// Those that do not.
  let contradicting: [Equation]

  /// Pages that were not needed for the solution and agree with it: each is a check of a whole block.
  var leftOver: Int {
    satisfied.reduce(0) { $0 + $1.count } - system.rank
  }

  /// The same, with each of so many equations of a table that were given as one more page.
  func leftOverWithTable(count: Int) -> Int {
    leftOver + count
  }

  /// - Parameter improves: whether outliers are looked for; false is enough to compare many hypotheses.
  init(_ equations: [Equation], improves: Bool) {
    let sorted = equations.sorted { ($0.rank, $1.weight) < ($1.rank, $0.weight) }
    var banned: Set<Int> = []
    var best = Consensus.run(sorted, without: banned)
    if improves {
      for _ in 0..<Consensus.mostOutliers {
        var next: (outlier: Int, run: Run)?
        for index in best.defining where sorted[index].source != .table {
          let run = Consensus.run(sorted, without: banned.union([index]))
          if run.weight > (next?.run.weight ?? best.weight) { next = (index, run) }
        }
        guard let next else { break }
        banned.insert(next.outlier)
        best = next.run
      }
    }
    system = best.system
    var satisfied: [Equation] = []
    var contradicting: [Equation] = []
    for equation in sorted {
      if let known = best.system.value(of: equation.mask), equation.holds(known) {
        satisfied.append(equation)
      } else {
        contradicting.append(equation)
      }
    }
    self.satisfied = satisfied
    self.contradicting = contradicting
  }

  private static let mostOutliers = 16

  private struct Run {
    var system = LinearSystem()
    var defining: [Int] = []
    var weight = 0
  }

  private static func run(_ equations: [Equation], without banned: Set<Int>) -> Run {
    var run = Run()
    for (index, equation) in equations.enumerated() where !banned.contains(index) {
      if let known = run.system.value(of: equation.mask) {
        if equation.holds(known) { run.weight += equation.weight }
      } else {
        // Of a fill nothing better can be assumed than that it is zeros; what follows is right but for a fill.
        run.system.insert(mask: equation.mask, value: equation.value)
        run.defining.append(index)
        run.weight += equation.weight
      }
    }
    return run
  }
}
