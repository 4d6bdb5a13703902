import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@testable import MemoryEncryption

/// Classes that are not believed and pages that stay, though most of what is asked for is there.
@Suite struct RefusalTests {
  private static let periodic = Block(repeating: 0x59f7_e3a4)
  /// Kernel addresses, all different.
  private static let addresses = (0..<6).map { LowMemory.directMap + 0x10_0000 + UInt64($0) << 12 }

  // MARK: Links

  /// A backup that lies by 0x3000 beside a multiple of 1 MiB: then `l ^ r` of pages 6 is that of pages 1, 2 and 5.
  private static let carried: UInt64 = 0x2b00_4000
  private static let ones: [UInt64] = [0x11000, 0x13000, 0x19000]
  /// Zeros, with the constant of ones.
  private static let zeros: UInt64 = 0x31000
  private static let twos: [UInt64] = [0x12000, 0x1a000, 0x22000]
  private static let fives: [UInt64] = [0x15000, 0x17000, 0x25000]
  private static let six: UInt64 = 0x36000

  @Test func `A constant follows from others where pages agree beyond what determines it`() {
    for count in [1, 2, 3] {
      let proven = Array(Self.ones.prefix(count) + Self.twos.prefix(count) + Self.fives.prefix(count))
      let damaged = DamagedPages(.periodic, backup: Self.carried, kept: proven + [Self.zeros, Self.six]) {
        $0.fill(Self.six, 0xaa, blocks: 200, &$1)
      }
      let changed = damaged.plan().changedPages
      #expect(Set(changed).isSuperset(of: count == 1 ? [] : proven))
      #expect(changed.contains(Self.six) == (count > 1))
      #expect(count > 1 || changed.isEmpty)
    }
  }

  /// Their free pointers lie in every second block: the others may be off by something else.
  @Test func `Pages that prove constants for a part of their places only stay`() {
    let proven = Self.ones + Self.twos + Self.fives
    for isFilled in [false, true] {
      let damaged = DamagedPages(
        .periodic, backup: Self.carried, kept: proven + (isFilled ? [Self.zeros] : []))
      let changed = damaged.plan().changedPages
      #expect(isFilled ? Set(changed).isSuperset(of: proven) : changed.isEmpty)
    }
  }

  /// Addresses under a page's poison are those of a page that is off by something else.
  private static func hide(_ memory: inout LowMemory, _ page: UInt64) {
    memory.put((0..<512).map { ($0 % 3 == 0 ? 0 : addresses[$0 % 6]) ^ 0x6b6b_6b6b_6b6b_6b6b }, into: page)
  }

  @Test(arguments: [SimulatedCrash.Constants.periodic, .random])
  func `A class whose words deny what relations between many others say stays`(
    constants: SimulatedCrash.Constants
  ) {
    let hidden = LowMemory.pages.filter { $0 & 0xf000 == 0x6000 }
    let damaged = DamagedPages(constants, backup: Self.carried) { memory, _ in
      for page in hidden { Self.hide(&memory, page) }
    }
    let plan = damaged.plan()
    #expect(RepairCount(plan, damaged.outcome).falselyChanged == 0)
    #expect(Set(plan.changedPages).isDisjoint(with: hidden) && plan.changedPages.count > 90)
  }

  @Test func `A class whose words deny the table stays, and nothing is taken from the table`() {
    let hidden: [UInt64] = [0x10000, 0x30000, 0x50000, 0x70000, 0x90000]
    let damaged = DamagedPages(.published, backup: 0x2b00_0000) { memory, _ in
      for page in hidden { Self.hide(&memory, page) }
    }
    let plan = damaged.plan()
    #expect(RepairCount(plan, damaged.outcome).falselyChanged == 0)
    #expect(Set(plan.changedPages).isDisjoint(with: hidden) && plan.changedPages.count > 90)
    #expect(plan.evidence.contains { $0.contains("deny the tweak table") })
  }

  @Test func `Three pages that agree beyond what determines the constants are too few`() {
    let proven: [UInt64] = [0x11000, Self.zeros, 0x12000, 0x1a000, 0x15000, 0x17000]
    let damaged = DamagedPages(.periodic, backup: Self.carried, kept: proven + [Self.six]) {
      $0.fill(Self.six, 0xaa, blocks: 200, &$1)
    }
    #expect(damaged.plan().changedPages.isEmpty)
  }

  /// `l ^ r` of pages 0x5e is that of pages 0x1d, 0x2d and 0x4e, and those of pages 6 and 5 hang together by 1 and 2.
  @Test
  func
    `Of two constants that may be wrong neither is believed, nothing follows, and pages that show nothing stay`()
  {
    let others = Self.ones + Self.twos + [Self.zeros, 0x1d000, 0x2d000, 0x4e000]
    let sixes: [UInt64] = [0x16000, 0x26000]
    for isDenied in [false, true] {
      var damaged = DamagedPages(
        .periodic, backup: Self.carried, kept: others + Self.fives + sixes + [0x5e000]
      ) { memory, random in
        memory.fill(0x5e000, 0xaa, blocks: 200, &random)
        memory.put((0..<512).map { $0 % 8 == 0 ? Self.addresses[$0 / 8 % 6] : 0 }, into: 0x4e000)
      }
      if isDenied { for page in sixes { damaged.shift(page, by: Self.periodic) } }
      let changed = Set(damaged.plan().changedPages)
      #expect(changed.isSuperset(of: others))
      #expect(changed.contains(0x5e000) == !isDenied)
      if isDenied { #expect(changed == Set(others)) }
    }
  }

  @Test func `A class whose words prove two constants is off by neither`() {
    let other = FillPattern.block(of: 0x6b)
    for isDouble in [false, true] {
      let proven = Self.ones + Self.twos + Self.fives
      // Zeros with the constant of twos.
      var damaged = DamagedPages(
        .periodic, backup: Self.carried, kept: proven + [0x32000] + (isDouble ? [0x33000] : []))
      if isDouble {
        let constant = damaged.constant(of: 0x33000) ^ other
        damaged.put(Self.addresses.map { $0 ^ constant.low }, into: 0x33000)
      }
      let changed = damaged.plan().changedPages
      #expect(Set(changed).isSuperset(of: Self.twos + Self.fives))
      let own = Set(Self.ones + [0x33000])
      #expect(own.intersection(changed) == (isDouble ? [] : own))
    }
  }

  // MARK: Answers

  /// Below 0x80000 memory that moved by 0x60000 and by 0xe0000 is off by the same constants; above it is not.
  @Test func `A page that two answers treat otherwise stays, but where somebody states which`() {
    let damaged = DamagedPages(.periodic, kept: LowMemory.pages.filter { $0 < 0x80000 } + [0x85000]) {
      memory, random in
      var word: [UInt8] = []
      memory.fill(pageAt: 0x85000) {
        if word.isEmpty {
          word = [0, 0, 0, 0, 0] + (0..<3).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
        return word.removeLast()
      }
    }
    #expect(damaged.plan(.stated).changedPages.contains(0x85000))
    #expect(!damaged.plan(.guessed).changedPages.contains(0x85000))
    #expect(!damaged.plan(nil).changedPages.contains(0x85000))
    #expect(damaged.plan(.guessed).changedPages.count > 50)
  }

  // MARK: The table

  @Test func `A table at an address that somebody states proves nothing where no word does`() {
    let damaged = DamagedPages(.published, hasSlabs: false, kept: [Self.six]) { memory, random in
      var index = 0
      memory.fill(pageAt: Self.six) {
        defer { index += 1 }
        return index < 128 ? 0 : index < 256 ? 0xaa : UInt8(truncatingIfNeeded: random.next())
      }
    }
    #expect(damaged.plan().changedPages.isEmpty)
  }

  @Test func `A class whose repeated blocks deny the table's constant stays, with all of its pages`() {
    let lonely: [UInt64] = [0x10000, 0x30000, 0x50000, 0x70000]
    var damaged = DamagedPages(.published, backup: 0x2b00_0000, hasSlabs: false) { memory, random in
      for page in lonely { memory.fill(pageAt: page) { 0 } }
      memory.fill(pageAt: 0x90000) { UInt8(truncatingIfNeeded: random.next()) }
    }
    #expect(damaged.plan().changedPages.contains(0x90000))
    for page in lonely { damaged.shift(page, by: Self.periodic) }
    let plan = damaged.plan()
    #expect(Set(plan.changedPages).isDisjoint(with: lonely + [0x90000]))
    #expect(plan.changedPages.count > 100)
  }

  // MARK: Pages

  @Test func `A page of which a part makes sense as it is stays`() {
    var damaged = DamagedPages(.published) { $0.fill(Self.six, 0, blocks: 40, &$1) }
    #expect(damaged.plan().changedPages.contains(Self.six))
    // Its beginning was repaired before, or was never damaged.
    damaged.put(Self.addresses, into: Self.six)
    let plan = damaged.plan()
    #expect(plan.action(at: PhysicalAddress(Self.six)) == .leave(.contradicted))
    #expect(plan.soundPages == 1)
    // Of a page of noise nobody knows whether it was, too.
    #expect(plan.action(at: PhysicalAddress(0x60000)) == .leave(.ambiguous))
    #expect(plan.changedPages.count > 100)
  }

  @Test func `A page of small numbers that was repaired before stays`() {
    var damaged = DamagedPages(.published) { memory, random in
      memory.put((0..<512).map { _ in random.below(0x10_0000) }, into: Self.six)
    }
    #expect(damaged.plan().changedPages.contains(Self.six))
    damaged.repair(Self.six)
    let plan = damaged.plan()
    #expect(plan.action(at: PhysicalAddress(Self.six)) == .leave(.contradicted) && plan.soundPages == 1)
  }

  @Test func `A page whose repeated blocks are no fill stays, whatever its words say`() {
    let block = (0..<16).map { UInt8(0x31 + 7 * $0) }
    var damaged = DamagedPages(.published) { memory, random in
      var index = 0
      memory.fill(pageAt: Self.six) {
        defer { index += 1 }
        return index < 4096 - 3200 ? UInt8(truncatingIfNeeded: random.next()) : block[index % 16]
      }
    }
    let low = damaged.constant(of: Self.six).low
    damaged.put(Self.addresses.map { $0 ^ low }, into: Self.six)
    #expect(damaged.plan().action(at: PhysicalAddress(Self.six)) == .leave(.contradicted))
  }

  @Test func `A page in which many blocks repeat and none is a fill stays`() {
    let blocks = (0..<6).map { 0x0123_4567_89ab_cdef &* (2 * $0 + 1) as UInt64 }
    let damaged = DamagedPages(.published) { memory, _ in
      memory.put((0..<512).map { blocks[$0 % 6] }, into: Self.six)
    }
    #expect(damaged.plan().action(at: PhysicalAddress(Self.six)) == .leave(.contradicted))
  }

  /// In each such page one block is a fill, and two that come half as often are none, as where memory was moved by no whole pages.
  @Test
  func `Where the repeated blocks of most pages deny their constants, those of the others are not believed`()
  {
    let zeros = Array(UInt64(0x47)...0x4f) + Array(0x51...0x5f) + Array(0x62...0x97)
    for (count, areMost) in [(50, false), (65, true)] {
      let damaged = DamagedPages(.random) { memory, random in
        for page in zeros.prefix(count) {
          let others = (0..<4).map { _ in random.next() }
          memory.put(
            (0..<512).map { word in
              switch word / 2 % 5 {
              case 0, 1: 0
              case 2: others[Int(word % 2)]
              case 3: others[Int(word % 2) + 2]
              default: random.next()
              }
            }, into: page << 12)
        }
      }
      #expect(damaged.plan().changedPages.isEmpty == areMost)
    }
  }

  @Test func `A page that looks untouched, and is the only one, stays`() {
    let damaged = DamagedPages(.published) { memory, _ in
      memory.put((0..<512).map { 0x1234_5678_0000_0000 | $0 }, into: Self.six)
    }
    #expect(damaged.plan().action(at: PhysicalAddress(Self.six)) == .leave(.ambiguous))
  }

  @Test func `A page whose free list would lead nowhere stays`() {
    let damaged = DamagedPages(.published)
    for free in [[], [3]] {
      let plan = damaged.plan { region in
        var slab = LowSlab(
          start: PhysicalAddress(0x30000), byteCount: 4096, objectSize: 512, pointerOffset: 256,
          random: 0x1f3c_99d2_7e55_a0b7, directMap: LowMemory.directMap)
        slab.setFree(lists: free, inUse: 1)
        region.slabs.append(slab)
      }
      #expect(plan.changedPages.contains(0x30000) == free.isEmpty)
    }
  }
}
