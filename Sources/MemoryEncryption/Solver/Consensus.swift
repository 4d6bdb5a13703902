/// The solution that most of the evidence agrees with.
///
/// Equations are taken in the order of their weight; one that contradicts the heavier ones is left out. Then each
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
    // A table says what the dump leaves open, and never denies it.
    let sorted = equations.sorted { left, right in
      if (left.source == .table) != (right.source == .table) { return right.source == .table }
      return left.weight > right.weight
    }
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
      if best.system.value(of: equation.mask) == equation.value {
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
      switch run.system.insert(mask: equation.mask, value: equation.value) {
      case .independent:
        run.defining.append(index)
        run.weight += equation.weight
      case .consistent:
        run.weight += equation.weight
      case .contradiction: break
      }
    }
    return run
  }
}
