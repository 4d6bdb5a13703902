import Foundation
import Synchronization
import Testing

/// System calls of the program fail, each kind at each of its positions: every run ends in a right dump or in a clear line.
@Suite(
  "Whatever system call fails, what is left is right or says that it is not",
  .enabled(if: FaultedRun.isPossible))
struct FaultTests {
  private static let environment = ProcessInfo.processInfo.environment
  /// Faults of each scenario that are tried, a sample; VMSIEVE_FAULTS=all tries every one (`make faults`).
  private static let sampleSize = environment["VMSIEVE_FAULTS"].map { Int($0) ?? .max } ?? 100
  private static let seed = environment["VMSIEVE_FAULTS_SEED"].flatMap { UInt64($0) } ?? 1
  private static let runsTold = 100
  /// Of all scenarios, for the file that VMSIEVE_FAULTS_TABLE names.
  private static let whole = Mutex(FaultTable())

  @Test(arguments: FaultScenario.all)
  func `a failed call ends in a right dump or in a clear line`(scenario: FaultScenario) throws {
    let bench = try FaultBench(scenario)
    var (table, runs, breaches) = (FaultTable(), 0, 0)
    for fault in FaultMatrix(bench.sound).sample(Self.sampleSize, seed: Self.seed) {
      let run = try bench.run(fault)
      table.add(scenario, fault, run, breach: try FaultJudge(bench: bench, fault: fault, run: run).breach())
      guard table.runs == Self.runsTold else { continue }
      runs += table.runs
      breaches += table.breaches.count
      try Self.tell(table)
      table = FaultTable()
    }
    try Self.tell(table)
    runs += table.runs
    breaches += table.breaches.count
    #expect(runs > 0)
    #expect(breaches == 0, "\(breaches) of \(runs) runs")
  }

  /// All of a matrix take hours: what was done is told now and then.
  private static func tell(_ table: FaultTable) throws {
    for breach in table.breaches.prefix(20) { Issue.record("\(breach)") }
    guard let path = environment["VMSIEVE_FAULTS_TABLE"] else { return }
    let text = whole.withLock { whole in
      whole.add(table)
      return whole.markdown
    }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
