import DumpFixtures
import Testing
import Vmcore

@testable import MemoryEncryption

/// What refutes constants and pages, rule by rule, on whole low regions.
@Suite struct JudgementTests {
  /// Low memory of noise, in which some pages are those of a damaged one.
  private func crafted(
    _ planted: Set<UInt64>, constants: SimulatedCrash.Constants, hint: Bool
  ) -> (count: RepairCount, plan: RepairPlan) {
    let memory = LowMemory(seed: 21)
    let crash = SimulatedCrash(constants: constants, untouched: 0, seed: 211)
    var outcome = crash.run(memory)
    var random = SeededGenerator(seed: 212)
    for page in LowMemory.pages where !planted.contains(page) {
      let first = Int(page - LowMemory.start)
      for index in first..<min(first + 4096, outcome.seen.count) {
        outcome.seen[index] = UInt8(truncatingIfNeeded: random.next())
      }
      outcome.recoverable.remove(page)
    }
    let plan = ConstantSolver(crash.region(outcome, memory, backups: hint ? [crash.stated] : [])).plan()
    return (RepairCount(plan, outcome), plan)
  }

  /// A few pages prove their own constant, and no more than that.
  @Test(arguments: SimulatedCrash.Constants.allCases)
  func `What few pages prove holds for these, and not for those that show nothing`(
    constants: SimulatedCrash.Constants
  ) {
    for planted in [[0x12000], [0x12000, 0x13000, 0x14000], [0x12000, 0x30000, 0x44000]] as [Set<UInt64>] {
      for hint in [false, true] {
        let (count, _) = crafted(planted, constants: constants, hint: hint)
        #expect(count.falselyChanged == 0, "\(planted) \(hint)")
      }
    }
    // Where they are many, a place says what a page is off by.
    let many = Set(LowMemory.pages.filter { $0 < 0x60000 })
    let (_, plan) = crafted(many, constants: constants, hint: true)
    #expect(plan.pages(left: .ambiguous) == 0)
  }
}
