import DumpFixtures
import DumpMemory
import Foundation
import KernelModel
import Testing

@testable import MemoryEncryption

@Suite struct ConstantSolverTests {
  static let backups: [UInt64] = [
    0x73f6_0000, 0x2ff6_1000, 0x2b00_0000, 0x1_2b00_0000, 0x1fff_3000, 0x3a2c_5000,
  ]

  // MARK: Public crash reports

  /// Nothing of the dump but one word of its slab is known: the report's `invalid freepointer: e5ffef4e9a040b7e`, the
  /// slab at pfn 0x40, and the backup at 0x73f60000. Object 63 of that slab lies at 0x47e00.
  @Test func `The report's slab is decoded by the published table at the stated backup`() throws {
    let plan = plan(
      word: 0xe5ff_ef4e_9a04_0b7e, slabPage: 0x40000, byteCount: 0x8000, directMap: 0xffff_9a30_8000_0000,
      backup: 0x73f6_0000)
    #expect(plan.action(at: PhysicalAddress(0x40000)) == .xor(Block(repeating: 0x1a00_757e)))
    #expect(plan.backup?.address == PhysicalAddress(0x73f6_0000))
    let found = try #require(plan.classes.first { $0.isAccepted })
    #expect(found.difference == 0x73fe_0000)
    #expect(found.checks[.table] == 1)
    #expect(found.checks[.slabs] == 1)
  }

  /// `slab:ffffd77680001c00 invalid freepointer:a6086ac099f0c5a4`: object 19 of the slab at pfn 0x70 is at 0x72600.
  @Test func `The patch log's slab is decoded likewise`() throws {
    let plan = plan(
      word: 0xa608_6ac0_99f0_c5a4, slabPage: 0x70000, byteCount: 0x8000, directMap: 0xffff_8964_c000_0000,
      backup: 0x72f6_0000)
    #expect(plan.action(at: PhysicalAddress(0x70000)) == .xor(Block(repeating: 0x59f7_e3a4)))
    #expect(plan.classes.first { $0.isAccepted }?.difference == 0x72fa_0000)
  }

  @Test func `The same word with another backup, or one bit off, is believed by nobody`() throws {
    for (word, backup) in [
      (0xe5ff_ef4e_9a04_0b7e, 0x73f5_0000), (0xe5ff_ef4e_9a04_0b7f, 0x73f6_0000),
      (0xe5ff_ef5e_9a04_0b7e, 0x73f6_0000),
    ] as [(UInt64, UInt64)] {
      let plan = plan(
        word: word, slabPage: 0x40000, byteCount: 0x8000, directMap: 0xffff_9a30_8000_0000, backup: backup)
      #expect(plan.repairedPages == 0)
    }
  }

  private func plan(
    word: UInt64, slabPage: UInt64, byteCount: UInt64, directMap: UInt64, backup: UInt64
  ) -> RepairPlan {
    var random = SeededGenerator(seed: 31)
    var bytes = (0..<0xa0000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for index in 0..<8 { bytes[Int(slabPage) + index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * index)) }
    var region = LowRegion(bytes: bytes.span.bytes, start: PhysicalAddress(0), attribute: .encrypted)!
    region.backups = [
      BackupCandidate(address: PhysicalAddress(backup), certainty: .stated, evidence: "the report")
    ]
    region.slabs = [
      LowSlab(
        start: PhysicalAddress(slabPage), byteCount: byteCount, objectSize: 512, pointerOffset: 0,
        directMap: directMap)
    ]
    return ConstantSolver(region).plan()
  }

  // MARK: Algebra

  @Test(arguments: backups)
  func `Every constant that is believed is T(l ^ r), for any table and any backup`(backup: UInt64) {
    for constants in SimulatedCrash.Constants.allCases {
      let seed = backup >> 12 &+ UInt64(constants.rawValue.count)
      let memory = LowMemory(seed: seed, random: seed.isMultiple(of: 2) ? seed << 32 : nil)
      let crash = SimulatedCrash(
        constants: constants, backup: backup, untouched: 0.5, staleLines: 2, seed: seed)
      let outcome = crash.run(memory)
      let plan = ConstantSolver(crash.region(outcome, memory, backups: [])).plan()
      for address in LowMemory.pages {
        guard case .xor(let constant) = plan.action(at: PhysicalAddress(address)) else { continue }
        #expect(constant == outcome.constants[address])
      }
      #expect(RepairCount(plan, outcome).unrepaired == 0)
      #expect(plan.verdict == .repairable)
      if constants == .published, backup >> 32 == 0 {
        #expect(plan.backup?.address == PhysicalAddress(backup))
      }
    }
  }

  @Test func `Without slabs that anybody knows of, kernel addresses and untouched memory repair a dump`() {
    for untouched in [0, 0.5, 0.9] {
      let memory = LowMemory(seed: 5, hasSlabs: false)
      let crash = SimulatedCrash(backup: 0x2b00_0000, untouched: untouched, seed: 41)
      let outcome = crash.run(memory)
      let count = RepairCount(
        ConstantSolver(crash.region(outcome, memory, backups: [], hasSlabs: false)).plan(), outcome)
      #expect(count.falselyChanged == 0)
      // Without either, zeros are all that most pages have, and prove nothing.
      #expect(untouched == 0 ? count.repaired >= 30 : count.unrepaired == 0, "\(count)")
    }
  }

  /// Periodic constants follow from free pointers where a class has no zero block at all.
  @Test func `Free pointers alone give a periodic constant`() throws {
    for hardening in [nil, 0x1234_5678_9abc_def0] as [UInt64?] {
      let memory = LowMemory(seed: 6, random: hardening)
      // All that 0x20000, a slab, then shares its constant with is compressed.
      let crash = SimulatedCrash(constants: .periodic, backup: 0x2b00_0000, untouched: 0, seed: 62)
      let outcome = crash.run(memory)
      let plan = ConstantSolver(crash.region(outcome, memory, backups: [crash.stated])).plan()
      #expect(plan.action(at: PhysicalAddress(0x20000)) == .xor(outcome.constants[0x20000]!))
      let found = try #require(plan.classes.first { $0.pages.contains(0x1f) })
      #expect(found.checks[.repeated] == nil)
      #expect(found.checks[.slabs] ?? 0 >= 3)
    }
  }

  @Test func `Free pointers of both halves of a block give a constant without a period`() throws {
    var bytes = [UInt8](repeating: 0, count: 2 * 4096)
    var random = SeededGenerator(seed: 63)
    let constant = Block(low: random.next(), high: random.next())
    let slabs = [UInt64(0), 8].map { offset in
      LowSlab(
        start: PhysicalAddress(0x10000 + offset * 512), byteCount: 4096, objectSize: 256,
        pointerOffset: offset,
        random: random.next(), directMap: 0xffff_8880_0000_0000)
    }
    for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
    for slab in slabs {
      var order = Array(0..<slab.objectCount)
      order.shuffle(using: &random)
      for (index, object) in order.enumerated() {
        let next = index + 1 < order.count ? slab.pointer(to: order[index + 1]) : 0
        let stored =
          slab.coded(next, slot: slab.slot(object)) ^ (slab.pointerOffset == 0 ? constant.low : constant.high)
        for byte in 0..<8 {
          bytes[Int(slab.slot(object) - 0x10000) + byte] = UInt8(
            truncatingIfNeeded: stored >> UInt64(8 * byte))
        }
      }
    }
    var region = LowRegion(bytes: bytes.span.bytes, start: PhysicalAddress(0x10000), attribute: .encrypted)!
    region.slabs = slabs
    let evidence = SlabEvidence(region, pages: [0, 1])
    #expect(evidence.constant(of: [0, 1]) == constant)
    #expect(evidence.constant(of: [0]) == nil)
    #expect(evidence.pointers(in: [0, 1], constant: constant) == (16, 16))
    #expect(evidence.pointers(in: [0, 1], constant: constant ^ Block(low: 1, high: 1 << 40)) == (0, 0))
  }

  // MARK: Leaving alone

  @Test func `What is not damaged, or was repaired, stays as it is`() {
    for untouched in [0, 0.5, 1] {
      let memory = LowMemory(seed: 8)
      let crash = SimulatedCrash(untouched: untouched, seed: 81)
      var outcome = crash.run(memory)
      outcome.seen = outcome.truth
      outcome.recoverable = []
      let plan = ConstantSolver(crash.region(outcome, memory, backups: [crash.stated])).plan()
      #expect(plan.verdict == .undamaged)
      #expect(plan.repairedPages == 0)
      #expect(RepairCount(plan, outcome) == RepairCount())
    }
  }

  @Test(arguments: [(CipherMode.xex, CaptureView.encrypted), (.xex, .decrypted), (.xe, .decrypted)])
  func `What no constant made is left alone, whatever is said of it`(mode: CipherMode, view: CaptureView) {
    for backup in [0x2ff6_1000, 0x2b00_0000] as [UInt64] {
      for untouched in [0, 0.5, 1] {
        let memory = LowMemory(seed: 9)
        let crash = SimulatedCrash(
          mode: mode, constants: .published, backup: backup, view: view, untouched: untouched, staleLines: 4,
          decrypted: LowMemory.trampoline, seed: backup)
        let outcome = crash.run(memory)
        let plan = ConstantSolver(crash.region(outcome, memory, backups: [crash.stated])).plan()
        #expect(plan.repairedPages == 0)
        if view == .decrypted, untouched == 0.5 { #expect(plan.verdict == .ciphertext) }
        if view == .encrypted { #expect(plan.verdict == .noEvidence || plan.verdict == .unconfirmed) }
      }
    }
  }

  @Test func `Noise stays noise`() throws {
    for seed in UInt64(1)...5 {
      var random = SeededGenerator(seed: seed)
      let bytes = (0..<LowMemory.byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      var region = LowRegion(bytes: bytes.span.bytes, start: PhysicalAddress(0x1000), attribute: .encrypted)!
      region.slabs = LowMemory(seed: seed).slabs
      region.backups = [
        BackupCandidate(address: PhysicalAddress(Self.backups[0]), certainty: .stated, evidence: "a test")
      ]
      #expect(ConstantSolver(region).plan().repairedPages == 0)
    }
  }

  @Test func `Regular content that looks untouched in each page relates nothing`() throws {
    // Every block counts up: page by page that is as linear as untouched memory.
    var memory = LowMemory(seed: 10)
    for page in UInt64(0x30)..<0x40 {
      var index = 0
      memory.fill(pageAt: page << 12) {
        defer { index += 1 }
        let word = UInt64(index / 8) | (page * 0x9e37_79b9 & 0xffff) << 32
        return UInt8(truncatingIfNeeded: word >> UInt64(index % 8 * 8))
      }
    }
    for backup in Self.backups {
      let crash = SimulatedCrash(backup: backup, untouched: 0.9, seed: 101)
      let outcome = crash.run(memory)
      let plan = ConstantSolver(crash.region(outcome, memory, backups: [])).plan()
      #expect(RepairCount(plan, outcome).falselyChanged == 0)
    }
  }

  // MARK: Wrong constants

  /// Free pages full of a pattern, as page_poison=on leaves them: the pattern takes the zeros' place, and all that is
  /// believed of zeros would be off by it.
  @Test(arguments: [UInt8(0xaa), 0x6b, 0xff])
  func `A poison pattern in place of zeros is never taken for them`(byte: UInt8) {
    var memory = LowMemory(seed: 13)
    memory.poison(byte)
    for backup in [0x2ff6_1000, 0x2b00_0000] as [UInt64] {
      for untouched in [0, 0.5] {
        for isDamaged in [true, false] {
          let crash = SimulatedCrash(backup: backup, untouched: untouched, seed: UInt64(byte))
          var outcome = crash.run(memory)
          if !isDamaged {
            outcome.seen = outcome.truth
            outcome.recoverable = []
          }
          let plan = ConstantSolver(crash.region(outcome, memory, backups: [crash.stated])).plan()
          #expect(RepairCount(plan, outcome).falselyChanged == 0, "\(backup) \(untouched) \(isDamaged)")
        }
      }
    }
  }

  @Test func `A constant that is off fails every check that looks at content`() throws {
    var random = SeededGenerator(seed: 14)
    let memory = LowMemory(seed: 14)
    let crash = SimulatedCrash(untouched: 0, seed: 141)
    let outcome = crash.run(memory)
    let region = crash.region(outcome, memory, backups: [])
    let detector = Detector(region)
    let slabs = SlabEvidence(region, pages: Set(detector.pages))
    let content = ContentEvidence(detector, slabs: slabs)
    let constant = outcome.constants[0x10000]!
    let pages = detector.pages.filter { outcome.constants[region.address(ofPage: $0).rawValue] == constant }
    let words = content.words(in: pages, constant)
    #expect(words.slabCount > 0 && words.pointerCount > 0)
    #expect(content.proof(of: constant, by: pages) != nil)
    #expect(pages.contains { content.zeroWords($0, constant: constant) != nil })
    for _ in 0..<50 {
      let wrong = constant ^ Block(low: random.next(), high: random.next())
      #expect(content.words(in: pages, wrong).count == 0)
      #expect(content.proof(of: wrong, by: pages) == nil)
      #expect(pages.allSatisfy { content.zeroWords($0, constant: wrong) == nil })
      #expect(content.zeroBlocks(pages, constant: wrong) == 0)
    }
  }

  @Test func `A class whose own pages deny what the others imply is left alone`() {
    // Zeros of one class are exchanged for another block: its constant is wrong by that, and only its own.
    let memory = LowMemory(seed: 15, hasSlabs: false)
    for seed in UInt64(1)...4 {
      let crash = SimulatedCrash(backup: 0x2b00_0000, untouched: 0.5, seed: seed)
      var outcome = crash.run(memory)
      let victims = LowMemory.pages.filter { $0 ^ ($0 - 0x1000) == 0x7000 }
      var random = SeededGenerator(seed: seed)
      let shift = Block(low: random.next(), high: random.next())
      for address in victims {
        let offset = Int(address - LowMemory.start)
        var page = Array(outcome.seen[offset..<offset + 4096])
        withMutableBytes(of: &page) { $0.xor(shift) }
        outcome.seen.replaceSubrange(offset..<offset + 4096, with: page)
        outcome.recoverable.remove(address)
      }
      let plan = ConstantSolver(crash.region(outcome, memory, backups: [], hasSlabs: false)).plan()
      for address in LowMemory.pages where !victims.contains(address) {
        guard case .xor(let constant) = plan.action(at: PhysicalAddress(address)) else { continue }
        #expect(constant == outcome.constants[address])
      }
    }
  }

  @Test func `A table that is wrong in some bits is not believed, and harms nothing`() {
    let memory = LowMemory(seed: 16)
    for bit in [12, 15, 18, 19, 22, 29] {
      var table = TweakTable.published
      table[bit] = table[bit]! ^ Block(repeating: 0x0100_0010)
      for backup in [0x2b00_0000, 0x1fff_3000] as [UInt64] {
        let crash = SimulatedCrash(constants: .published, backup: backup, seed: UInt64(bit))
        let outcome = crash.run(memory)
        let plan = ConstantSolver(crash.region(outcome, memory, backups: [crash.stated]), table: table).plan()
        let count = RepairCount(plan, outcome)
        #expect(count.falselyChanged == 0)
        #expect(count.unrepaired == 0)
      }
    }
  }

  // MARK: Pages

  @Test func `A page of unknown mapping comes back only if it shows that it was encrypted`() {
    let memory = LowMemory(seed: 17)
    let crash = SimulatedCrash(untouched: 0.5, decrypted: LowMemory.trampoline, seed: 171)
    let outcome = crash.run(memory)
    var region = crash.region(outcome, memory, backups: [crash.stated])
    for address in LowMemory.pages { region.setAttribute(.unknown, ofPageAt: PhysicalAddress(address)) }
    let plan = ConstantSolver(region).plan()
    let count = RepairCount(plan, outcome)
    #expect(count.falselyChanged == 0)
    #expect(count.repaired > 80)
    // Untouched memory of a decrypted page would look the same.
    #expect(plan.pages(left: .attributeUnknown) == count.unrepaired + LowMemory.trampoline.count)
  }

  @Test func `Pages that the dump lacks, and decrypted ones, stay and have no say`() {
    let memory = LowMemory(seed: 18)
    let crash = SimulatedCrash(untouched: 0.2, decrypted: LowMemory.trampoline, seed: 181)
    var outcome = crash.run(memory)
    // A filtered dump: what is not there reads as zeros.
    let absent = LowMemory.pages.filter { page in
      memory.bytes[Int(page - 0x1000)..<min(Int(page), memory.bytes.count)].allSatisfy { $0 == 0 }
        && page & 0x3000 != 0
    }
    for page in absent {
      for index in Int(page - 0x1000)..<min(Int(page), outcome.seen.count) { outcome.seen[index] = 0 }
      outcome.recoverable.remove(page)
    }
    var region = crash.region(outcome, memory, backups: [crash.stated])
    for page in absent { region.setAttribute(.absent, ofPageAt: PhysicalAddress(page)) }
    let plan = ConstantSolver(region).plan()
    let count = RepairCount(plan, outcome)
    #expect(count.falselyChanged == 0)
    #expect(count.unrepaired == 0)
    #expect(plan.pages(left: .absent) == absent.count)
    #expect(plan.pages(left: .mappedDecrypted) == LowMemory.trampoline.count)
  }

  @Test
  func
    `Where two backups would explain all there is, a page that they differ about waits for somebody to say`()
  {
    // Only untouched memory, and nothing at all in one quarter that would tell the two apart.
    let memory = LowMemory(seed: 19, hasSlabs: false)
    let crash = SimulatedCrash(untouched: 1, seed: 191)
    let outcome = crash.run(memory)
    let open = ConstantSolver(crash.region(outcome, memory, backups: [], hasSlabs: false)).plan()
    let said = ConstantSolver(crash.region(outcome, memory, backups: [crash.stated], hasSlabs: false)).plan()
    let guess = BackupCandidate(address: crash.stated.address, certainty: .guessed, evidence: "a usual place")
    let guessed = ConstantSolver(crash.region(outcome, memory, backups: [guess], hasSlabs: false)).plan()
    for plan in [open, said, guessed] { #expect(RepairCount(plan, outcome).falselyChanged == 0) }
    #expect(RepairCount(said, outcome).unrepaired == 0)
    #expect(RepairCount(guessed, outcome) == RepairCount(open, outcome))
  }

  @Test func `The plan says in JSON what it says`() throws {
    let memory = LowMemory(seed: 20)
    let crash = SimulatedCrash(constants: .published, seed: 201)
    let outcome = crash.run(memory)
    var region = crash.region(outcome, memory, backups: [crash.stated])
    region.backups.append(
      BackupCandidate(address: PhysicalAddress(0x3a2c_5000), certainty: .guessed, evidence: "\"quoted\"\n\\"))
    let plan = ConstantSolver(region).plan()
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(plan.json.text.utf8)) as? [String: Any])
    #expect(object["verdict"] as? String == "repairable")
    #expect(object["backup"] as? String == "0x2ff61000")
    #expect(object["pages_repaired"] as? Int == plan.repairedPages)
    #expect((object["classes"] as? [[String: Any]])?.count == plan.classes.count)
    #expect((object["evidence"] as? [String])?.contains { $0.contains("\"quoted\"\n\\") } == true)
  }
}
