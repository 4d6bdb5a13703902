import DumpFixtures
import Testing

@testable import MemoryEncryption

@Suite struct LinearSystemTests {
  @Test func `What equations imply is known, and nothing else`() {
    var random = SeededGenerator(seed: 21)
    for _ in 0..<200 {
      let truth = (0..<64).map { _ in Block(low: random.next(), high: random.next()) }
      func sum(_ mask: UInt64) -> Block {
        truth.indices.reduce(Block.zero) { mask >> UInt64($1) & 1 == 1 ? $0 ^ truth[$1] : $0 }
      }
      var system = LinearSystem()
      var masks: [UInt64] = []
      for _ in 0..<20 {
        let mask = random.next()
        if system.insert(mask: mask, value: sum(mask)) == .independent { masks.append(mask) }
      }
      #expect(system.rank == masks.count)
      let implied = masks.reduce(UInt64(0)) { random.oneIn(2) ? $0 ^ $1 : $0 }
      #expect(system.value(of: implied) == sum(implied))
      #expect(system.insert(mask: implied, value: sum(implied)) == .consistent)
      if implied != 0 {
        #expect(system.insert(mask: implied, value: sum(implied) ^ Block(low: 1, high: 0)) == .contradiction)
      }
      // Twenty equations leave nearly all of 2^64 sums open.
      #expect(system.value(of: random.next()) == nil)
    }
  }

  @Test func `One heavy outlier does not turn the others`() {
    let a = Block(low: 1, high: 2)
    let b = Block(low: 4, high: 8)
    func equation(_ mask: UInt64, _ value: Block, _ weight: Int) -> Equation {
      Equation(mask: mask, value: value, source: .content, weight: weight, count: 1)
    }
    let consensus = Consensus(
      [equation(1, b, 300), equation(1, a, 200), equation(2, b, 200), equation(3, a ^ b, 200)], improves: true
    )
    #expect(consensus.system.value(of: 1) == a)
    #expect(consensus.contradicting.count == 1)
    #expect(consensus.leftOver == 1)
  }

  /// The carry out of bit 19 is what makes classes many: a backup at a multiple of 1 MiB, memory from 0x1000.
  @Test func `Pages have the same unknowns exactly if they have the same l ^ r`() {
    for backup in [0x73f6_0000, 0x2b00_0000, 0x2ff6_1000, 0x1_2b00_0000, 0x1fff_3000] as [UInt64] {
      let alignment = Alignment(from: 0x1000, to: backup)!
      var byDifference: [UInt64: Set<UInt64>] = [:]
      var byUnknowns: [UInt64: Set<UInt64>] = [:]
      for page in LowMemory.pages {
        byDifference[page ^ (page - 0x1000 + backup), default: []].insert(page)
        byUnknowns[alignment.difference(page), default: []].insert(page)
      }
      #expect(Set(byDifference.values) == Set(byUnknowns.values))
    }
    #expect(Alignment(from: 0x1000, to: 0x2b00_0100) == nil)
  }
}
