import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@testable import MemoryEncryption

/// What refutes constants and pages, rule by rule, on whole low regions.
@Suite struct JudgementTests {
  /// A few pages prove their own constant, and no more than that.
  @Test(arguments: SimulatedCrash.Constants.allCases)
  func `What few pages prove holds for these, and not for those that show nothing`(
    constants: SimulatedCrash.Constants
  ) {
    for planted in [[0x12000], [0x12000, 0x13000, 0x14000], [0x12000, 0x30000, 0x44000]] as [[UInt64]] {
      let crafted = DamagedPages(constants, seed: 21, kept: planted)
      for hint in [nil, BackupCandidate.Certainty.stated] {
        let count = RepairCount(crafted.plan(hint), crafted.outcome)
        #expect(count.falselyChanged == 0, "\(planted) \(hint == nil)")
      }
    }
    // Where they are many, a place says what a page is off by.
    let many = DamagedPages(constants, seed: 21, kept: LowMemory.pages.filter { $0 < 0x60000 })
    #expect(many.plan().pages(left: .ambiguous) == 0)
  }

  // MARK: Zeros

  /// Pages that share a constant which no other pages give: their numbers end in 0x10, and the backup lies at 0x2b000000.
  private static let lonely: [UInt64] = [0x10000, 0x30000, 0x50000, 0x70000, 0x90000]

  /// A damaged low memory whose lonely pages hold what a test says, and nothing that proves their constant.
  private func lonelyPages(
    knownSlabs: Bool = false,
    _ change: (inout LowMemory, _ page: UInt64, inout SeededGenerator) -> Void
  ) -> (count: RepairCount, isChanged: Bool) {
    let damaged = DamagedPages(.random, backup: 0x2b00_0000, seed: 22, hasSlabs: false) { memory, random in
      for page in Self.lonely { change(&memory, page, &random) }
    }
    let plan = damaged.plan(nil) { if !knownSlabs { $0.slabs = [] } }
    return (
      RepairCount(plan, damaged.outcome), !Set(plan.changedPages).isDisjoint(with: Self.lonely)
    )
  }

  /// A bitmap of blocks in use is ones, as free memory is zeros, and what it holds besides is halves of both.
  @Test func `Zeros prove nothing, as ones and poison look the same`() {
    for byte in [UInt8(0), 0x6b, 0xaa, 0xff] {
      for (blocks, halves) in [(256, 0), (200, 20), (200, 0)] {
        let (count, isChanged) = lonelyPages {
          $0.fill($1, byte, blocks: blocks, halves: halves, &$2)
        }
        #expect(count.falselyChanged == 0, "\(byte) \(blocks)")
        #expect(!isChanged)
      }
    }
    let (mixed, isChanged) = lonelyPages { $0.fill($1, $1 >= 0x50000 ? 0xff : 0, &$2) }
    #expect(mixed.falselyChanged == 0 && !isChanged)
  }

  @Test func `What slabs are filled with proves nothing`() {
    for knownSlabs in [false, true] {
      let (count, _) = lonelyPages(knownSlabs: knownSlabs) { memory, page, random in
        memory.addDebugSlab(at: page, isFull: false, hardening: nil, seed: 22)
        if knownSlabs { memory.fill(page, 0x6b, &random) }
      }
      #expect(count.falselyChanged == 0)
    }
  }

  @Test func `Where no constant is proven, zeros prove none`() {
    // Nothing of the kernel's is left but fills, and some blocks that are fills by half.
    let damaged = DamagedPages(.random, backup: 0x2b00_0000, seed: 23, hasSlabs: false) { memory, random in
      for page in LowMemory.pages.dropLast() { memory.fill(page, 0xff, blocks: 200, halves: 20, &random) }
    }
    let plan = damaged.plan()
    #expect(RepairCount(plan, damaged.outcome).falselyChanged == 0)
    #expect(plan.repairedPages == 0)
  }
}
