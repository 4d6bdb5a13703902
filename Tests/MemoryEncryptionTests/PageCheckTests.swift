import DumpMemory
import KernelModel
import Testing

@testable import MemoryEncryption

/// What single pages must hold once their constant is off; a page that does not stays as it was.
@Suite struct PageCheckTests {
  private let crash = SimulatedCrash(constants: .published, untouched: 0, seed: 211)

  private func plan(
    _ memory: LowMemory, sound page: UInt64? = nil, _ change: (inout LowRegion) -> Void = { _ in }
  ) -> RepairPlan {
    var outcome = crash.run(memory)
    if let page {
      let range = Int(page - LowMemory.start)..<Int(page - LowMemory.start) + 4096
      outcome.seen.replaceSubrange(range, with: outcome.truth[range])
    }
    var region = crash.region(outcome, memory, backups: [crash.stated])
    change(&region)
    return ConstantSolver(region).plan()
  }

  private func isRepaired(_ page: UInt64, _ plan: RepairPlan) -> Bool {
    plan.changedPages.contains(page)
  }

  @Test func `Red zones are where a slab must have them`() {
    var memory = LowMemory(seed: 21)
    memory.addDebugSlab(at: 0x44000, isFull: true, hardening: 0x1f3c_99d2_7e55_a0b7, seed: 5)
    #expect(isRepaired(0x44000, plan(memory)))
    #expect(isRepaired(0x30000, plan(memory)))
    // A slab that has none of its zones: what became of this page is not what the kernel had there.
    let broken = plan(memory) { region in
      var slab = region.slabs[region.slabs.count - 1]
      slab.start = PhysicalAddress(0x30000)
      region.slabs.append(slab)
    }
    #expect(broken.action(at: PhysicalAddress(0x30000)) == .leave(.contradicted))
    #expect(isRepaired(0x44000, broken))
    // Most of the objects would have to be zones.
    let behind = plan(memory) { $0.slabs[$0.slabs.count - 1].contentSize = 256 }
    #expect(behind.action(at: PhysicalAddress(0x44000)) == .leave(.contradicted))
  }

  @Test func `The first object of a free list is poisoned where the kernel poisons`() {
    let memory = LowMemory(seed: 28)
    for poisons in [false, true] {
      let plan = plan(memory) { region in
        // Zeros, as a free object is where nobody poisons it; its free pointer is NULL.
        var slab = LowSlab(
          start: PhysicalAddress(0x30000), byteCount: 4096, objectSize: 528, pointerOffset: 512,
          directMap: LowMemory.directMap)
        slab.contentSize = 512
        slab.zoneEnd = 512
        slab.poisonsObjects = poisons
        slab.setFree(lists: [3], inUse: 1)
        region.slabs.append(slab)
      }
      #expect(isRepaired(0x30000, plan) == !poisons)
    }
  }

  @Test func `A page table holds entries`() {
    let memory = LowMemory(seed: 22)
    #expect(isRepaired(0x60000, plan(memory)))
    // Compressed data is none; and what a process has in the swap is none of the kernel's.
    let ofKernel = plan(memory) { $0.setTables(ofKernel: [PFN(0x50), PFN(0x60)]) }
    #expect(isRepaired(0x50000, ofKernel))
    #expect(ofKernel.action(at: PhysicalAddress(0x60000)) == .leave(.contradicted))
    let ofProcess = plan(memory) { $0.setTables(ofKernel: [], ofProcesses: [PFN(0x50), PFN(0x60)]) }
    #expect(isRepaired(0x50000, ofProcess))
    #expect(ofProcess.action(at: PhysicalAddress(0x60000)) == .leave(.contradicted))
    var swapped = memory
    swapped.put((0..<400).map { 0xff00_0000_0000_1234 ^ $0 << 20 }, into: 0x62000)
    for isProcess in [false, true] {
      let plan = plan(swapped) {
        $0.setTables(ofKernel: isProcess ? [] : [PFN(0x62)], ofProcesses: [PFN(0x62)])
      }
      #expect(isRepaired(0x62000, plan) == isProcess)
    }
  }

  @Test func `Text that can be read stays`() {
    var memory = LowMemory(seed: 23)
    let letters = Array("Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n".utf8)
    var next = 0
    memory.fill(pageAt: 0x62000) {
      next += 1
      // No two lines are alike, so that no block of them repeats.
      return next % 71 < 4 ? UInt8(0x30 + (next / 71 >> (next % 71 * 2)) & 7) : letters[next % 71]
    }
    #expect(isRepaired(0x62000, plan(memory)))
    #expect(!isRepaired(0x62000, plan(memory, sound: 0x62000)))
  }

  @Test func `The trampoline is no loss, and what else was mapped decrypted is one`() {
    let memory = LowMemory(seed: 24)
    var crash = crash
    crash.decrypted = LowMemory.trampoline
    let outcome = crash.run(memory)
    var region = crash.region(outcome, memory, backups: [crash.stated])
    let host = ConstantSolver(region).plan()
    #expect(host.lostPages == 0 && host.repairedPages > 100)
    #expect(host.trampolineNote?.hasPrefix("pfn 0x98-0x9d stays noise") == true && host.losses.isEmpty)
    region.setAttribute(.decrypted, ofPageAt: PhysicalAddress(0x30000))
    let other = ConstantSolver(region).plan()
    #expect(other.lostPages == 7 && other.trampolineNote == nil)
    #expect(
      other.losses.count == 1 && other.losses[0].hasPrefix("pfn 0x30, pfn 0x98-0x9d: the crashed kernel"))
  }

  @Test func `Pages that the kernel never used are no loss`() {
    let memory = LowMemory(seed: 25)
    var crash = crash
    crash.mode = .xex
    let outcome = crash.run(memory)
    var region = crash.region(outcome, memory, backups: [crash.stated])
    #expect(ConstantSolver(region).plan().lostPages == LowMemory.pages.count)
    region.setReserved(Set(LowMemory.pages.dropFirst(3).map { PFN($0 >> 12) }))
    let plan = ConstantSolver(region).plan()
    #expect(plan.lostPages == 3 && plan.neverWrittenPages == LowMemory.pages.count - 3)
  }

  /// The backup is zeros that kexec wrote unencrypted, as it is where nobody ever wrote.
  @Test func `Memory whose copy was never made stays`() throws {
    let memory = LowMemory(seed: 26)
    for constants in SimulatedCrash.Constants.allCases {
      let crash = SimulatedCrash(constants: constants, untouched: 1, seed: 212)
      var outcome = crash.run(memory)
      for page in LowMemory.pages where page >= 0x50000 && !outcome.recoverable.contains(page) {
        let range = Int(page - LowMemory.start)..<min(Int(page), outcome.truth.count)
        outcome.truth.replaceSubrange(range, with: repeatElement(0, count: range.count))
      }
      let plan = ConstantSolver(crash.region(outcome, memory, backups: [crash.stated])).plan()
      let count = RepairCount(plan, outcome)
      #expect(count.repaired > 30 && count.falselyChanged == 0, "\(constants): \(count)")
      #expect(plan.pages(left: .neverWritten) > 40)
      // Objects lie in one of them: it was written, and what it and those like it had is lost.
      let untouched = LowMemory.pages.filter { plan.action(at: PhysicalAddress($0)) == .leave(.neverWritten) }
      var region = crash.region(outcome, memory, backups: [crash.stated])
      var slab = region.slabs[0]
      slab.start = PhysicalAddress(try #require(untouched.first))
      region.slabs.append(slab)
      let uncopied = ConstantSolver(region).plan()
      #expect(uncopied.pages(left: .neverWritten) == 0, "\(constants)")
      #expect(untouched.allSatisfy { uncopied.action(at: PhysicalAddress($0)) == .leave(.contradicted) })
    }
  }

  /// What was repaired before is memory that nobody wrote, which looks so at its own place.
  @Test func `Where untouched pages were repaired before, pages of noise stay`() {
    let memory = LowMemory(seed: 29)
    let crash = SimulatedCrash(constants: .published, untouched: 1, seed: 214)
    var outcome = crash.run(memory)
    for isHalf in [false, true] {
      if isHalf {
        for page in LowMemory.pages where page & 0x3000 == 0 && !outcome.recoverable.contains(page) {
          let range = Int(page - LowMemory.start)..<Int(page - LowMemory.start) + 4096
          outcome.seen.replaceSubrange(range, with: outcome.truth[range])
        }
      }
      let plan = ConstantSolver(crash.region(outcome, memory, backups: [crash.stated])).plan()
      #expect(isRepaired(0x60000, plan) == !isHalf)
    }
  }

  @Test func `A place of the backup that was guessed is not claimed, though its low bits fit`() {
    let memory = LowMemory(seed: 27)
    let crash = SimulatedCrash(constants: .random, untouched: 0, seed: 213)
    let outcome = crash.run(memory)
    func backup(_ certainty: BackupCandidate.Certainty) -> PhysicalAddress? {
      let candidate = BackupCandidate(
        address: PhysicalAddress(crash.backup), certainty: certainty, evidence: "a test")
      let plan = ConstantSolver(crash.region(outcome, memory, backups: [candidate])).plan()
      #expect(plan.repairedPages > 100)
      return plan.backup?.address
    }
    #expect(backup(.guessed) == nil)
    #expect(backup(.stated) == PhysicalAddress(crash.backup))
  }
}
