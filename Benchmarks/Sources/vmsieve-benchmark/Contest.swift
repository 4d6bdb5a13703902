import Foundation

/// Two programs on the same vmcore, in turns: A B A B. A slow minute of the machine then hits both.
struct Contest {
  var vmsieve: [String]
  var makedumpfile: [String]

  struct Result {
    /// Medians over the pairs of what vmsieve took for each second of makedumpfile.
    var wallRatio: Double
    var processorRatio: Double
    /// Medians over the runs.
    var vmsieveWall: Double
    var makedumpfileWall: Double
    var vmsieveProcessor: Double
    var makedumpfileProcessor: Double
    /// The greatest of the runs.
    var vmsieveMemory: Int
    var makedumpfileMemory: Int
    var vmsieveSize: Int
    var makedumpfileSize: Int
  }

  func run(_ field: Field) throws(BenchmarkFailure) -> Result {
    var ours: [TimedRun] = []
    var theirs: [TimedRun] = []
    for pair in 0...field.pairs {
      let a = try field.run(field.vmsieve, vmsieve)
      let b = try field.run(field.makedumpfile, makedumpfile)
      guard a.completed, b.completed else {
        throw BenchmarkFailure("\(vmsieve) against \(makedumpfile) took more than \(Int(field.limit)) s")
      }
      // The first pair warms up.
      guard pair > 0 else { continue }
      ours.append(a)
      theirs.append(b)
    }
    let pairs = Array(zip(ours, theirs))
    return Result(
      wallRatio: median(pairs.map { $0.wall / $1.wall }),
      processorRatio: median(pairs.map { $0.processor / $1.processor }),
      vmsieveWall: median(ours.map(\.wall)),
      makedumpfileWall: median(theirs.map(\.wall)),
      vmsieveProcessor: median(ours.map(\.processor)),
      makedumpfileProcessor: median(theirs.map(\.processor)),
      vmsieveMemory: ours.map(\.peakMemory).max()!,
      makedumpfileMemory: theirs.map(\.peakMemory).max()!,
      vmsieveSize: ours[0].outputSize,
      makedumpfileSize: theirs[0].outputSize)
  }
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
