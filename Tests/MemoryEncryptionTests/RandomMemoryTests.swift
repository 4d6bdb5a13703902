import DumpFixtures
import DumpMemory
import Foundation
import KernelModel
import Testing

@testable import MemoryEncryption

/// Low memory of all that anybody may have put there, in any mixture: machines that nobody thought of one by one.
///
/// VMSIEVE_SME_RANDOM=COUNT tries so many instead of those of `make test`.
@Suite struct RandomMemoryTests {
  /// What a page holds.
  private enum Filling: CaseIterable {
    case zeros, ones, poison, repeatedByte, repeatedBlock, twoBlocks
    case partlyFilled, bitmap, smallNumbers, negativeNumbers, counting
    case text, noise, pointers, pageTable
    case debugSlab, fullDebugSlab
    /// The kernel's lists say that it is a slab, and something else lies in it.
    case formerSlab
  }

  private static let hardening: UInt64 = 0x1f3c_99d2_7e55_a0b7

  private func fill(
    _ memory: inout LowMemory, _ page: UInt64, _ filling: Filling, _ random: inout SeededGenerator
  ) {
    func noise() -> UInt8 { UInt8(truncatingIfNeeded: random.next()) }
    func words(_ word: (UInt64) -> UInt64) { memory.put((0..<512).map { word($0) }, into: page) }
    let poison = [UInt8(0x5a), 0x6b, 0xa5, 0xaa, 0xbb, 0xcc].randomElement(using: &random)!
    switch filling {
    case .zeros: words { _ in 0 }
    case .ones: words { _ in ~0 }
    case .poison: memory.fill(pageAt: page) { poison }
    case .repeatedByte:
      let byte = noise()
      memory.fill(pageAt: page) { byte }
    case .repeatedBlock:
      let block = [random.next(), random.next()]
      words { block[Int($0 % 2)] }
    case .twoBlocks:
      let blocks = (0..<4).map { _ in random.next() }
      words { blocks[Int($0 % 4)] }
    case .partlyFilled, .bitmap:
      let byte = filling == .bitmap ? 0xff : [0, 0xff, poison].randomElement(using: &random)!
      let (whole, halves) = (Int(random.below(256)), Int(random.below(64)))
      memory.fill(page, byte, blocks: whole, halves: halves, &random)
    case .smallNumbers: words { _ in random.below(0x10_0000) }
    case .negativeNumbers: words { _ in ~random.below(0x10_0000) }
    case .counting:
      let base = random.next()
      words { base &+ $0 }
    case .text:
      let letters = Array("Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n".utf8)
      memory.fill(pageAt: page) { letters[Int(random.below(UInt64(letters.count)))] }
    case .noise: memory.fill(pageAt: page, noise)
    case .pointers: words { _ in random.oneIn(2) ? 0 : LowMemory.directMap + random.below(0x3fff_ffff) }
    case .pageTable: words { random.oneIn(3) ? 0 : 0x8000_0000_0000_0163 | 0x3000_0000 + $0 << 12 }
    case .debugSlab, .fullDebugSlab:
      memory.addDebugSlab(
        at: page, isFull: filling == .fullDebugSlab, hardening: random.oneIn(2) ? Self.hardening : nil,
        seed: random.next())
    case .formerSlab:
      memory.addDebugSlab(at: page, isFull: random.oneIn(2), hardening: Self.hardening, seed: random.next())
      fill(&memory, page, [.zeros, .noise, .poison, .pointers].randomElement(using: &random)!, &random)
    }
  }

  private func check(_ seed: UInt64) -> String? {
    var random = SeededGenerator(seed: seed)
    var memory = LowMemory(seed: seed, hasSlabs: random.oneIn(2))
    // Few kinds of content in many pages, or many in few.
    let kinds = Filling.allCases.shuffled(using: &random).prefix(1 + Int(random.below(8)))
    let share = random.below(101)
    for page in LowMemory.pages.dropLast() where random.below(100) < share {
      fill(&memory, page, kinds.randomElement(using: &random)!, &random)
    }
    let constants = SimulatedCrash.Constants.allCases.randomElement(using: &random)!
    let backup =
      random.oneIn(2) ? 0x2b00_0000 + random.below(256) << 12 : (0x1000 + random.below(0xf_0000)) << 12
    let crash = SimulatedCrash(
      mode: random.oneIn(6) ? .xex : .xe, constants: constants,
      backup: backup + (random.oneIn(6) ? 16 * (1 + random.below(255)) : 0),
      view: random.oneIn(8) ? .decrypted : .encrypted, untouched: [0, 0.5, 1].randomElement(using: &random)!,
      staleLines: Int(random.below(4)), decrypted: random.oneIn(2) ? LowMemory.trampoline : [], seed: seed)
    var outcome = crash.run(memory)
    // What the backup shows where the copy was not made: memory that nobody wrote.
    var unwritten = LowMemory(seed: seed, hasSlabs: false)
    for page in LowMemory.pages.dropLast() { unwritten.fill(pageAt: page) { 0 } }
    var bare = crash
    bare.untouched = 1
    bare.staleLines = 0
    bare.decrypted = []
    let never = bare.run(unwritten)
    let (uncopied, sound) = (
      random.oneIn(3) ? random.below(60) : 0, random.oneIn(3) ? 20 + random.below(80) : 0
    )
    let isMisaligned = crash.backup % 4096 != 0
    // Of a dump in which only noise was repaired before nobody could tell.
    var isNoise: Set<UInt64> = []
    let truth = LowRegion(bytes: outcome.truth.span.bytes, start: PhysicalAddress(LowMemory.start))!
    for (page, address) in LowMemory.pages.enumerated() {
      if PageShape(truth, page: page).isNoise { isNoise.insert(address) }
    }
    for page in LowMemory.pages.dropLast() {
      let range = Int(page - LowMemory.start)..<Int(page - LowMemory.start) + 4096
      if random.below(100) < sound, !isNoise.contains(page) {
        outcome.seen.replaceSubrange(range, with: outcome.truth[range])
      } else if random.below(100) < uncopied {
        outcome.seen.replaceSubrange(range, with: never.seen[range])
      } else if !isMisaligned {
        continue
      }
      outcome.recoverable.remove(page)
    }
    let hint = [crash.backup & ~0xfff, 0x36f6_1000, nil].randomElement(using: &random)!
    let certainty: BackupCandidate.Certainty = random.oneIn(2) ? .stated : .guessed
    let backups = hint.map {
      [BackupCandidate(address: PhysicalAddress($0), certainty: certainty, evidence: "a test")]
    }
    let region = crash.region(outcome, memory, backups: backups ?? [], hasSlabs: !random.oneIn(4))
    let plan = ConstantSolver(region).plan()
    let count = RepairCount(plan, outcome)
    if count.falselyChanged == 0 { return nil }
    return "seed \(seed): \(count.falselyChanged) of \(plan.changedPages.count), \(kinds), \(share) %, "
      + "\(crash.mode) \(constants.rawValue) \(crash.view) backup \(String(crash.backup, radix: 16)), "
      + "untouched \(crash.untouched), uncopied \(uncopied), sound \(sound), hint \(hint ?? 0) \(certainty)"
  }

  @Test func `No page changes falsely, whatever lies in it`() {
    let count = ProcessInfo.processInfo.environment["VMSIEVE_SME_RANDOM"].flatMap { UInt64($0) } ?? 40
    for seed in 1...count {
      if let problem = check(seed) { Issue.record("\(problem)") }
    }
  }
}
