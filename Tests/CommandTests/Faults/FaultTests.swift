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
  /// Of all scenarios, for the file that VMSIEVE_FAULTS_TABLE names.
  private static let whole = Mutex(FaultTable())

  @Test(arguments: FaultScenario.all)
  func `a failed call ends in a right dump or in a clear line`(scenario: FaultScenario) throws {
    let bench = try FaultBench(scenario)
    var table = FaultTable()
    for fault in FaultMatrix(bench.sound).sample(Self.sampleSize, seed: Self.seed) {
      let run = try bench.run(fault)
      table.add(scenario, fault, run, breach: try FaultJudge(bench: bench, fault: fault, run: run).breach())
    }
    #expect(table.runs > 0)
    for breach in table.breaches.prefix(20) { Issue.record("\(breach)") }
    #expect(table.breaches.isEmpty, "\(table.breaches.count) of \(table.runs) runs")
    guard let path = Self.environment["VMSIEVE_FAULTS_TABLE"] else { return }
    let text = Self.whole.withLock { whole in
      whole.add(table)
      return whole.markdown
    }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
