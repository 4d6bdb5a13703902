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

  // MARK: Zeros

  /// Pages that share a constant which no other pages' give: their numbers end in 0x10, and the backup lies at 0x2b000000.
  private static let lonely: [UInt64] = [0x10000, 0x30000, 0x50000, 0x70000, 0x90000]

  /// A damaged low memory whose lonely pages hold what a test says, and nothing that proves their constant.
  private func lonelyPages(
    poisons: Bool? = false, seed: UInt64 = 22, knownSlabs: Bool = false,
    _ change: (inout LowMemory, _ page: UInt64, inout SeededGenerator) -> Void,
    others: (inout LowMemory, inout SeededGenerator) -> Void = { _, _ in }
  ) -> (count: RepairCount, isChanged: Bool) {
    var random = SeededGenerator(seed: seed)
    var memory = LowMemory(seed: seed, hasSlabs: false)
    for page in Self.lonely { change(&memory, page, &random) }
    others(&memory, &random)
    memory.poisonsPages = poisons
    let crash = SimulatedCrash(backup: 0x2b00_0000, untouched: 0, seed: seed)
    let outcome = crash.run(memory)
    let region = crash.region(outcome, memory, backups: [], hasSlabs: knownSlabs)
    let plan = ConstantSolver(region).plan()
    let isChanged = Self.lonely.contains { page in
      if case .xor = plan.action(at: PhysicalAddress(page)) { true } else { false }
    }
    return (RepairCount(plan, outcome), isChanged)
  }

  private static func fill(
    _ memory: inout LowMemory, _ page: UInt64, _ byte: UInt8, blocks: Int = 256, halves: Int = 0,
    _ random: inout SeededGenerator
  ) {
    var index = 0
    memory.fill(pageAt: page) {
      defer { index += 1 }
      let block = index / 16
      if block < blocks || block < blocks + halves && index % 16 < 8 { return byte }
      return UInt8(truncatingIfNeeded: random.next())
    }
  }

  @Test func `Zeros of a class bring it back where nothing speaks against them`() {
    let (count, isChanged) = lonelyPages { Self.fill(&$0, $1, 0, &$2) }
    #expect(count.falselyChanged == 0)
    #expect(isChanged)
  }

  @Test func `Where the kernel poisons what it frees, or may do so, nothing is taken for zeros`() {
    let (poisoned, _) = lonelyPages(poisons: true) { Self.fill(&$0, $1, 0xaa, &$2) }
    #expect(poisoned.falselyChanged == 0)
    // Nobody knows, and few pages tell.
    let (unknown, _) = lonelyPages(poisons: nil) {
      Self.fill(&$0, $1, 0xaa, blocks: 200, halves: 20, &$2)
    } others: { memory, random in
      for page in LowMemory.pages where page < 0x9e000 && page & 0x1f000 != 0x10000 && page & 0x6000 != 0 {
        memory.fill(pageAt: page) { UInt8(truncatingIfNeeded: random.next()) }
      }
    }
    #expect(unknown.falselyChanged == 0)
  }

  @Test func `Words that poison leaves where it is taken for zeros deny them`() {
    let (count, _) = lonelyPages { memory, page, _ in
      memory.addDebugSlab(at: page, isFull: false, hardening: nil, seed: 22)
    }
    #expect(count.falselyChanged == 0)
  }

  @Test func `Whole pages of another block deny zeros, proven ones and the class's own`() {
    let (proven, _) = lonelyPages {
      Self.fill(&$0, $1, 0xff, &$2)
    } others: { memory, random in
      Self.fill(&memory, 0x35000, 0xff, &random)
    }
    #expect(proven.falselyChanged == 0)
    let (own, _) = lonelyPages { Self.fill(&$0, $1, $1 >= 0x50000 ? 0xff : 0, &$2) }
    #expect(own.falselyChanged == 0)
  }

  @Test func `Blocks that repeat are no zeros where no zero word and no zero page is beside them`() {
    let (count, _) = lonelyPages { Self.fill(&$0, $1, 0xff, blocks: 200, &$2) }
    #expect(count.falselyChanged == 0)
  }

  @Test func `What slabs are filled with says nothing of zeros`() {
    let (count, _) = lonelyPages(knownSlabs: true) { memory, page, random in
      memory.addDebugSlab(at: page, isFull: false, hardening: nil, seed: 22)
      Self.fill(&memory, page, 0x6b, &random)
    }
    #expect(count.falselyChanged == 0)
  }

  @Test func `Where no constant is proven, zeros prove none`() {
    let memory = LowMemory(seed: 23, hasSlabs: false)
    var poisoned = memory
    var random = SeededGenerator(seed: 23)
    // Nothing of the kernel's is left but fills, and some blocks that are fills by half.
    for page in LowMemory.pages.dropLast() {
      Self.fill(&poisoned, page, 0xff, blocks: 200, halves: 20, &random)
    }
    poisoned.poisonsPages = false
    let crash = SimulatedCrash(backup: 0x2b00_0000, untouched: 0, seed: 23)
    let outcome = crash.run(poisoned)
    let plan = ConstantSolver(crash.region(outcome, poisoned, backups: [crash.stated], hasSlabs: false))
      .plan()
    #expect(RepairCount(plan, outcome).falselyChanged == 0)
    #expect(plan.repairedPages == 0)
  }
}
