import DumpFixtures
import Testing

@testable import MemoryEncryption

@Suite struct TweakTableTests {
  /// The crash report of 2019-08-01 on the kexec list (EPYC 7601): backup at 0x73f60000, the slab page with pfn 0x40,
  /// and the line `kmem: dma-kmalloc-512: slab: ffffe192c0001000 invalid freepointer: e5ffef4e9a040b7e`.
  @Test func `The published table turns the report's free pointer into a pointer to the slab's object 63`() {
    let tweak = TweakTable.published.value(for: 0x40000 ^ (0x73f6_0000 + 0x40000))
    #expect(tweak == Block(repeating: 0x1a00_757e))
    #expect(0xe5ff_ef4e_9a04_0b7e ^ tweak!.low == 0xffff_9a30_8004_7e00)
  }

  /// A log of 5.3.0-rc7 with a patch on that list: `slab:ffffd77680001c00 invalid freepointer:a6086ac099f0c5a4`.
  @Test func `The published table turns the patch log's free pointer into one of the direct map of its task`()
  {
    let tweak = TweakTable.published.value(for: 0x72fa_0000)
    #expect(tweak == Block(repeating: 0x59f7_e3a4))
    #expect(0xa608_6ac0_99f0_c5a4 ^ tweak!.low == 0xffff_8964_c007_2600)
  }

  @Test func `T is linear: the XOR of two addresses has the XOR of their tweaks`() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<1000 {
      let table = TweakTable.random(&random)
      let first = random.next() & 0xf_ffff_ffff_ffff
      let second = random.next() & 0xf_ffff_ffff_ffff
      #expect(table.value(for: first)! ^ table.value(for: second)! == table.value(for: first ^ second)!)
      #expect(table.value(for: first & 0xf) == .zero)
    }
  }

  @Test func `The published constants are independent, and none is known from bit 32 up`() {
    var system = LinearSystem()
    for bit in 4...31 {
      let word = UInt64(TweakTable.published[bit]!.word(0))
      #expect(TweakTable.published[bit]!.isPeriodic)
      #expect(system.insert(mask: word, value: .zero) == .independent)
    }
    #expect(TweakTable.published[32] == nil)
    #expect(TweakTable.published.value(for: 0x1_0000_0000) == nil)
    #expect(TweakTable.published.value(for: 0xffff_ffff) != nil)
  }

  @Test func `A table is read from text: four bytes are repeated, sixteen are taken as they are`() throws {
    let table = try TweakTable(
      parsing: """
        # of this machine
        t12 b09230c2
        \tt13   9670FF8E # the next

        t51 000102030405060708090a0b0c0d0e0f
        """)
    #expect(table[12] == TweakTable.published[12])
    #expect(table[13] == TweakTable.published[13])
    #expect(table[51] == Block(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908))
    #expect(table[51]!.description == "000102030405060708090a0b0c0d0e0f")
    #expect(table.knownBits == 1 << 12 | 1 << 13 | 1 << 51)
    #expect(table.value(for: 0x3000)! == table[12]! ^ table[13]!)
  }

  @Test(arguments: [
    ("t12 b09230c2\nt12 9670ff8e", 2), ("t3 b09230c2", 1), ("t52 b09230c2", 1), ("t12", 1),
    ("x12 b09230c2", 1),
    ("t12 b09230", 1), ("t12 b09230c2 00", 1), ("t12 +09230c2", 1), ("\n# nothing\n", 3), ("", 1),
  ])
  func `A line that is no constant is refused, with its number`(text: String, line: Int) {
    #expect { try TweakTable(parsing: text) } throws: { error in
      guard case .table(line, _) = error as? EncryptionError else { return false }
      return true
    }
  }
}
