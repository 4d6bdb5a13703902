import Foundation

/// vmsieve with one thread, with two, and makedumpfile, on the same vmcore, in turns: a slow minute of the
/// machine then hits all of them.
struct Contest {
  /// Runs of one program, one of each round.
  typealias Runs = [TimedRun]

  let one: Runs
  let two: Runs
  /// Empty where makedumpfile was built without the codec.
  let peer: Runs

  init(_ field: Field, _ options: [String], withPeer: Bool) throws(BenchmarkFailure) {
    var runs: [Runs] = [[], [], []]
    for round in 0...field.rounds {
      var programs = [1, 2].map { (field.vmsieve, options + ["--num-threads", "\($0)"]) }
      if withPeer { programs.append((field.makedumpfile, options)) }
      for (index, (program, arguments)) in programs.enumerated() {
        let run = try field.run(program, arguments)
        guard run.completed else {
          throw BenchmarkFailure("\(program) \(arguments) took more than \(Int(field.limit)) s")
        }
        // The first round warms up.
        if round > 0 { runs[index].append(run) }
      }
    }
    (one, two, peer) = (runs[0], runs[1], runs[2])
  }

  /// The median over the rounds of what some runs took for each second of others.
  static func ratio(_ runs: Runs, _ others: Runs, _ value: KeyPath<TimedRun, Double>) -> Double {
    Contest.median(zip(runs, others).map { $0[keyPath: value] / $1[keyPath: value] })
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

extension Contest.Runs {
  func median(_ value: KeyPath<TimedRun, Double>) -> Double { Contest.median(map { $0[keyPath: value] }) }

  /// Bytes, the greatest of the runs.
  var peakMemory: Int { map(\.peakMemory).max() ?? 0 }
  var outputSize: Int { first?.outputSize ?? 0 }
}
