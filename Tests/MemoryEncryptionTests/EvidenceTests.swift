import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@testable import MemoryEncryption

/// What pages prove by themselves, rule by rule: just enough is a proof, and one thing less is none.
@Suite struct EvidenceTests {
  private static let periodic = Block(repeating: 0x59f7_e3a4)
  private static let random = Block(low: 0x1a2b_3c4d_5e6f_7081, high: 0x92a3_b4c5_d6e7_f809)

  // MARK: Free pointers

  @Test func `One free pointer is no proof, two are`() {
    for (free, isProven) in [([0, 3], false), ([0, 3, 5], true)] {
      var pages = LowPages(1)
      pages.addSlab(0, free: free, constant: Self.periodic)
      let evidence = pages.evidence()
      #expect(evidence.words(in: [0], Self.periodic).slabCount == free.count - 1)
      #expect((evidence.proof(of: Self.periodic, by: [0]) != nil) == isProven)
    }
  }

  @Test func `Free pointers of one half say nothing of the other, but by a period or by fills`() {
    var pages = LowPages(2)
    pages.addSlab(0, free: [0, 3, 5, 6], constant: Self.random)
    #expect(pages.evidence().proof(of: Self.random, by: [0]) == nil)
    var both = pages
    both.addSlab(1, free: [1, 2, 4], isHigh: true, constant: Self.random)
    #expect(both.evidence().proof(of: Self.random, by: [0, 1]) != nil)
    var filled = pages
    filled.fill(0, 200..<208, Self.random)
    #expect(filled.evidence().proof(of: Self.random, by: [0]) != nil)
  }

  @Test func `Blocks that repeat and are no fill deny a constant that one half proves`() {
    for (fills, others, isProven) in [(0, 8, false), (8, 9, false), (9, 9, true)] {
      var pages = LowPages(1)
      pages.addSlab(0, free: [0, 3, 5, 6], constant: Self.periodic)
      pages.fill(0, 36..<(36 + fills), Self.periodic)
      pages.fill(0, 230..<(230 + others), pages.next())
      #expect((pages.evidence().proof(of: Self.periodic, by: [0]) != nil) == isProven, "\(fills) \(others)")
    }
  }

  @Test func `Twice as many of them deny one that both halves prove`() {
    for (others, isProven) in [(16, true), (17, false)] {
      var pages = LowPages(2)
      pages.addSlab(0, free: [0, 3, 5], constant: Self.random)
      pages.addSlab(1, free: [1, 2, 4], isHigh: true, constant: Self.random)
      pages.fill(0, 40..<48, Self.random)
      pages.fill(0, 50..<(50 + others), pages.next())
      #expect((pages.evidence().proof(of: Self.random, by: [0, 1]) != nil) == isProven)
    }
  }

  @Test func `An object is not its own successor, and has one predecessor`() {
    var pages = LowPages(1)
    pages.addSlab(0, free: [], constant: Self.periodic)
    for object in 0..<8 { pages.setPointer(0, object, to: object, constant: Self.periodic) }
    #expect(pages.evidence().words(in: [0], Self.periodic).slabCount == 0)
    for object in 0..<4 { pages.setPointer(0, object, to: 7, constant: Self.periodic) }
    #expect(pages.evidence().words(in: [0], Self.periodic).slabCount == 1)
  }

  @Test func `NULL counts where pointers are hardened, and is a zero elsewhere`() {
    for (hardening, count) in [(nil, 0), (0x1f3c_99d2_7e55_a0b7, 3)] as [(UInt64?, Int)] {
      var pages = LowPages(1)
      pages.addSlab(0, free: [], hardening: hardening, constant: Self.periodic)
      for object in 0..<3 { pages.setPointer(0, object, to: nil, constant: Self.periodic) }
      #expect(pages.evidence().words(in: [0], Self.periodic).slabCount == count)
    }
  }

  @Test func `Free pointers alone need an end of their list`() {
    // Every shift by whole objects makes one object its own successor, so that one constant does best; and is not taken.
    let pointers = [[(0, 1), (1, 3), (3, 7), (4, 2)], [(0, 3), (3, 6), (6, 1)]]
    for isEnded in [false, true] {
      var pages = LowPages(4)
      for (page, isHigh) in [(0, false), (1, false), (2, true), (3, true)] {
        pages.addSlab(page, free: [], isHigh: isHigh, constant: Self.random)
        for (object, target) in pointers[page % 2] {
          pages.setPointer(page, object, to: target, constant: Self.random)
        }
        if isEnded { pages.setPointer(page, 2, to: nil, constant: Self.random) }
      }
      let slabs = ConstantSolver(pages.region()).slabs
      #expect(slabs.constant(of: [0, 1, 2, 3]) == (isEnded ? Self.random : nil))
    }
  }

  @Test func `Free pointers that two values explain alike explain nothing`() {
    var pages = LowPages(4)
    // The same number of pointers and ends under one constant and under another.
    for (page, constant) in [(0, Self.random), (1, Self.random), (2, Self.periodic), (3, Self.periodic)] {
      pages.addSlab(page, free: [0, 1, 2, 3], isHigh: page % 2 == 1, constant: constant)
      pages.setPointer(page, 3, to: nil, constant: constant)
    }
    let slabs = ConstantSolver(pages.region()).slabs
    #expect(slabs.constant(of: [0, 1]) == Self.random)
    #expect(slabs.constant(of: [0, 1, 2, 3]) == nil)
  }

  @Test func `Two periodic constants with as many pointers are no vote`() {
    for second in [0, 1] {
      var pages = LowPages(1)
      pages.addSlab(0, free: [0, 3], constant: Self.periodic)
      if second > 0 { pages.setPointer(0, 5, to: 6, constant: Block(repeating: 0x0102_0304)) }
      #expect(ConstantSolver(pages.region()).slabs.periodicVotes().count == 1 - second)
    }
  }

  @Test func `One free pointer that makes a periodic constant is a vote beside blocks that it makes fills`() {
    for (free, fills, votes) in [([0, 3], 0, 0), ([0, 3], 8, 1), ([0, 3, 5], 0, 1)] {
      var pages = LowPages(1)
      pages.addSlab(0, free: free, constant: Self.periodic)
      pages.fill(0, 200..<(200 + fills), Self.periodic)
      // So that no block stands out.
      pages.fill(0, 240..<(240 + fills), Self.periodic ^ FillPattern.block(of: 0xaa))
      let found = ConstantSolver(pages.region()).collectVotes()
      #expect(found.map { $0.constant } == Array(repeating: Self.periodic, count: votes), "\(free) \(fills)")
    }
  }

  // MARK: Kernel addresses

  @Test func `Kernel addresses are two different ones at least`() {
    for distinct in [1, 2] as [UInt64] {
      var pages = LowPages(1)
      for place in 0..<6 {
        pages.setHalf(
          0, place * 7, isHigh: place % 2 == 0,
          (LowPages.directMap + 0x1000 * (UInt64(place) % distinct))
            ^ (place % 2 == 0 ? Self.random.high : Self.random.low))
      }
      #expect(pages.evidence().words(in: [0], Self.random).pointerCount == (distinct == 1 ? 0 : 6))
    }
  }

  @Test func `Kernel addresses are more than chance leaves`() {
    // One word of 4096: five in the 512 of a page are no chance, four may be.
    let targets = [UInt64(0xfff0_0000_0000_0000)..<0xffff_ffff_ffff_ffff]
    for count in [3, 5] {
      var pages = LowPages(1, seed: 3)
      for place in 0..<256 {
        if pages[0, place].low ^ Self.random.low >= targets[0].lowerBound { pages[0, place].low = 1 }
        if pages[0, place].high ^ Self.random.high >= targets[0].lowerBound { pages[0, place].high = 1 }
      }
      for place in 0..<count {
        pages[0, place * 9].low = 0xfff1_0000_0000_0000 + UInt64(place) << 12 ^ Self.random.low
      }
      let words = pages.evidence(pointerTargets: targets).words(in: [0], Self.random)
      #expect(words.pointerCount == (count == 5 ? 5 : 0))
    }
  }

  @Test func `Kernel addresses are none if another fill makes as many`() {
    for others in [2, 3] {
      var pages = LowPages(1)
      for place in 0..<5 {
        pages[0, place * 9].low = LowPages.directMap + UInt64(place) << 12 ^ Self.random.low
      }
      for place in 0..<others {
        pages[0, 100 + place * 9].low =
          LowPages.directMap + UInt64(place) << 12 ^ 0x6b6b_6b6b_6b6b_6b6b ^ Self.random.low
      }
      #expect(pages.evidence().words(in: [0], Self.random).pointerCount == (others == 2 ? 5 : 0))
    }
  }

  // MARK: Fills

  @Test func `A page's own constant is the only one that its repeated blocks and pointers make`() {
    for (blocks, isProven) in [(16, true), (8, false)] {
      var pages = LowPages(1)
      pages.addSlab(0, free: [0, 3], constant: Self.random)
      pages.setPointer(0, 5, to: 6, constant: Self.periodic)
      pages.fill(0, 200..<(200 + blocks), Self.random)
      pages.fill(0, 220..<228, Self.periodic)
      #expect((pages.evidence().constant(provenBy: 0)?.constant == Self.random) == isProven, "\(blocks)")
    }
  }

  @Test func `Zero is the most frequent word in two places of a block, not in one`() {
    for lanes in [1, 2] {
      var pages = LowPages(1)
      for place in 0..<20 {
        pages.setHalf(
          0, place * 5, isHigh: false,
          pages[0, place * 5].low & 0xffff_ffff_0000_0000 ^ Self.random.low & 0xffff_ffff)
        if lanes == 2 {
          pages.setHalf(
            0, place * 5, isHigh: true,
            pages[0, place * 5].high & 0xffff_ffff_0000_0000 ^ Self.random.high & 0xffff_ffff)
        }
      }
      #expect(pages.evidence().zeroWords(0, constant: Self.random) == (lanes == 2 ? 40 : nil))
    }
  }

  @Test func `A block that repeats stands out only where no other does so half as often`() {
    for (second, isVote) in [(8, true), (9, false)] {
      var pages = LowPages(1)
      pages.fill(0, 0..<16, Self.random)
      pages.fill(0, 100..<(100 + second), Self.periodic)
      let shape = Detector(pages.region()).shapes[0]
      #expect(shape.standsOut == isVote)
    }
  }

  // MARK: Untouched memory

  @Test func `A page of one value is not untouched, nor is one that is regular in some blocks only`() {
    func family(_ pages: LowPages) -> [UntouchedFamily] {
      UntouchedFamily.find(in: pages.region(), pages: Array(0..<pages.blocks.count / 256))
    }
    var random = SeededGenerator(seed: 5)
    let steps = (0..<8).map { _ in Block(low: random.next(), high: random.next()) }
    func untouched(_ place: Int) -> Block {
      (0..<8).reduce(Block.zero) { place >> $1 & 1 == 1 ? $0 ^ steps[$1] : $0 }
    }
    var pages = LowPages(3)
    for page in 0..<3 {
      let origin = pages.next()
      for place in 0..<256 { pages[page, place] = origin ^ untouched(place) }
    }
    #expect(family(pages).first?.members.count == 3)
    var uniform = LowPages(3)
    for page in 0..<3 { uniform.fill(page, 0..<256, uniform.next()) }
    #expect(family(uniform).isEmpty)
    // Of 256 blocks 37 lie as those of untouched memory do, and differ so in every bit of their place.
    var few = LowPages(3)
    for page in 0..<3 {
      let origin = few.next()
      for place in 0..<256 where place.nonzeroBitCount <= 2 { few[page, place] = origin ^ untouched(place) }
    }
    #expect(family(few).isEmpty)
  }

  // MARK: What is seen without a constant

  @Test func `Zeros and poison as they are say that nothing is damaged`() {
    func verdict(_ change: (inout LowPages) -> Void) -> Verdict? {
      var pages = LowPages(4)
      change(&pages)
      return Detector(pages.region()).verdict
    }
    for fill in [UInt8(0), 0x5a, 0x6b, 0xaa, 0xbb, 0xcc] {
      #expect(verdict { $0.fill(1, 0..<100, FillPattern.block(of: fill)) } == .undamaged, "\(fill)")
    }
    // Fifteen blocks are some stale lines.
    #expect(verdict { $0.fill(1, 0..<15, .zero) } == nil)
    #expect(verdict { $0.fill(1, 0..<16, .zero) } == .undamaged)
    #expect(
      verdict {
        $0.fill(1, 0..<16, .zero); $0.fill(2, 0..<80, Self.random)
      } == nil)
    #expect(
      verdict {
        $0.fill(1, 0..<70, .zero); $0.fill(2, 0..<80, Self.random)
      } == .mixed)
    #expect(verdict { $0.fill(1, 0..<256, .zero) } == .ciphertext)
    #expect(
      verdict {
        $0.fill(1, 0..<256, .zero); $0.fill(2, 0..<40, .zero)
      } == .undamaged)
  }
}
