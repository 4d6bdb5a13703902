import DumpFixtures
import DumpMemory
import KernelModel

@testable import MemoryEncryption

/// A damaged low memory of which a test keeps some pages and makes noise of the others.
struct DamagedPages {
  private(set) var memory: LowMemory
  let crash: SimulatedCrash
  private(set) var outcome: SimulatedCrash.Outcome

  /// - Parameters:
  ///   - kept: the pages that are kept; all by default.
  ///   - change: what the first kernel had there.
  init(
    _ constants: SimulatedCrash.Constants, backup: UInt64 = 0x2ff6_1000, seed: UInt64 = 31,
    hasSlabs: Bool = true, kept: [UInt64]? = nil,
    _ change: (inout LowMemory, inout SeededGenerator) -> Void = { _, _ in }
  ) {
    var random = SeededGenerator(seed: seed)
    memory = LowMemory(seed: seed, hasSlabs: hasSlabs)
    change(&memory, &random)
    crash = SimulatedCrash(constants: constants, backup: backup, untouched: 0, seed: seed)
    outcome = crash.run(memory)
    guard let kept else { return }
    for page in LowMemory.pages where !kept.contains(page) { makeNoise(of: page, &random) }
  }

  private func range(of page: UInt64) -> Range<Int> {
    let first = Int(page - LowMemory.start)
    return first..<min(first + 4096, outcome.seen.count)
  }

  private mutating func makeNoise(of page: UInt64, _ random: inout SeededGenerator) {
    for index in range(of: page) { outcome.seen[index] = UInt8(truncatingIfNeeded: random.next()) }
    outcome.recoverable.remove(page)
  }

  /// What a page is off by.
  func constant(of page: UInt64) -> Block { outcome.constants[page]! }

  /// Lets a page be off by one more block, as no machine does it.
  mutating func shift(_ page: UInt64, by block: Block) {
    var bytes = Array(outcome.seen[range(of: page)])
    withMutableBytes(of: &bytes) { $0.xor(block) }
    outcome.seen.replaceSubrange(range(of: page), with: bytes)
    outcome.recoverable.remove(page)
  }

  /// Makes a page what the first kernel saw.
  mutating func repair(_ page: UInt64) {
    outcome.seen.replaceSubrange(range(of: page), with: outcome.truth[range(of: page)])
    outcome.recoverable.remove(page)
  }

  /// Puts words into a page as the dump shows it, 7 words apart.
  mutating func put(_ words: [UInt64], into page: UInt64) {
    for (index, word) in words.enumerated() {
      let first = range(of: page).lowerBound + index * 56
      for byte in 0..<8 { outcome.seen[first + byte] = UInt8(truncatingIfNeeded: word >> UInt64(8 * byte)) }
    }
  }

  func plan(
    _ certainty: BackupCandidate.Certainty? = .stated, _ change: (inout LowRegion) -> Void = { _ in }
  ) -> RepairPlan {
    let backups = certainty.map {
      [BackupCandidate(address: PhysicalAddress(crash.backup), certainty: $0, evidence: "a test")]
    }
    var region = crash.region(outcome, memory, backups: backups ?? [])
    change(&region)
    return ConstantSolver(region).plan()
  }
}

extension RepairPlan {
  /// The pages that it changes.
  var changedPages: [UInt64] {
    LowMemory.pages.filter { page in
      if case .xor = action(at: PhysicalAddress(page)) { true } else { false }
    }
  }
}
