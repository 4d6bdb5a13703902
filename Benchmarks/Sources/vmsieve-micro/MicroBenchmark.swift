/// A piece of vmsieve by itself, done again and again on the same input.
struct MicroBenchmark {
  let name: String
  /// What its cost is told for.
  let unit: String
  /// Makes the input, and returns what does the work a number of times. It returns how many units one time has.
  let prepare: () throws -> (_ times: Int) throws -> Int

  static var all: [MicroBenchmark] { codecs + scans + [bitmap, pipeline, solver] }
}

/// Keeps the compiler from leaving out what nobody reads.
@inline(never)
func use<Value>(_ value: Value) {}
