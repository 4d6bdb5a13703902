import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@testable import MemoryEncryption

/// How the backup lies: what decides between the answers that fit, and what does not.
@Suite struct AlignmentSearchTests {
  private static let block = Block(low: 0x1a2b_3c4d_5e6f_7081, high: 0x92a3_b4c5_d6e7_f809)
  private static let pages = (0..<UInt64(0xa0)).map { $0 << 12 }

  private func vote(_ page: Int, _ constant: Block, weight: Int = 4) -> PageVote {
    PageVote(page: page, constant: constant, weight: weight, source: .content)
  }

  private func search(
    _ votes: [PageVote], _ backup: UInt64? = nil, _ certainty: BackupCandidate.Certainty = .stated,
    table: TweakTable = TweakTable()
  ) -> AlignmentSearch {
    let bytes = [UInt8](repeating: 0, count: 0xa0000)
    var region = LowRegion(bytes: bytes.span.bytes, start: PhysicalAddress(0), attribute: .encrypted)!
    region.backups =
      backup.map {
        [BackupCandidate(address: PhysicalAddress($0), certainty: certainty, evidence: "a test")]
      } ?? []
    return AlignmentSearch(
      region: region, addresses: Self.pages, table: table, votes: votes, families: [])
  }

  // MARK: Fits

  @Test func `Two pages that agree may be a coincidence, three are none`() {
    // Whatever they are off by, some alignments give them one constant.
    let two = search([vote(1, Self.block), vote(2, Self.block)])
    #expect(two.fittingCount == Alignment.count && two.fitting.isEmpty)
    let three = search([vote(1, Self.block), vote(2, Self.block), vote(5, Self.block)])
    #expect(three.fittingCount < Alignment.count && three.fittingCount > 0)
  }

  @Test func `A stated address decides between a few answers, and a guessed one never`() {
    // All pages below 0x80000 have one constant if the backup lies at a multiple of that.
    let votes = (0..<0x7f).map { vote($0, Self.block) }
    #expect(search(votes).fitting.count == 2)
    #expect(search(votes, 0x2b08_0000).fitting.count == 1)
    #expect(search(votes, 0x2b08_0000, .guessed).fitting.count == 2)
    // Another one has nothing to do with the dump.
    let denied = search(votes, 0x2b04_0000)
    #expect(denied.fitting.count == 2 && denied.stated == nil && denied.denied.count == 1)
    // Those below 0x20000 at any of eight places.
    let few = search((0..<0x1f).map { vote($0, Self.block) }, 0x2b04_0000)
    #expect(few.fitting.count == 8 && few.stated != nil)
  }

  @Test func `A stated address decides only where pages have much to say`() {
    let pages = [0, 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x7f, 0x3f, 0x55, 0x2a, 0x33, 0x0f, 0x66, 0x19, 0x70]
    for (count, fitting) in [(16, 2), (17, 1)] {
      let found = search(pages.prefix(count).map { vote($0, Self.block) }, 0x2b08_0000)
      #expect(found.fittingCount == 2 && found.fitting.count == fitting, "\(count)")
    }
  }

  /// Half of the pages in one class and half in another are one redundancy less than all in one.
  @Test func `Where pages deny the best answer, one that fits nearly as well counts too`() {
    var random = SeededGenerator(seed: 62)
    for wrong in [0, 8] {
      let votes = (0..<0x40).map { page in
        vote(page, page % 8 == 7 && wrong > 0 ? Block(low: random.next(), high: random.next()) : Self.block)
      }
      let found = search(votes)
      #expect(wrong == 0 ? found.fittingCount == 4 : found.fittingCount > 4)
    }
  }

  @Test func `An answer that more pages deny than speak for it is none`() {
    var random = SeededGenerator(seed: 63)
    for wrong in [9, 20] {
      let votes = (0..<0x20).map { page in
        vote(
          page, page < wrong + 10 && page >= 10 ? Block(low: random.next(), high: random.next()) : Self.block)
      }
      #expect((search(votes).fittingCount < Alignment.count) == (wrong == 9), "\(wrong)")
    }
  }

  // MARK: The table

  /// Pages at even and odd numbers that are off by two constants: 14 alignments explain them, with other relations between
  /// the table's constants.
  private func related(_ other: Block, _ third: Block? = nil) -> [PageVote] {
    let groups = [0x00, 0x20, 0x40, 0x60, 0x70]
    return groups.map { vote($0, Self.block) } + groups.map { vote($0 + 1, other) }
      + (third.map { third in groups.map { vote($0 + 3, third) } } ?? [])
  }

  @Test func `The table's low constants are believed where two relations confirm them, not for one`() {
    var table = TweakTable()
    for bit in 12...19 { table[bit] = TweakTable.published[bit] }
    let t13 = table[13]!
    let t14 = table[14]!
    let once = related(Self.block ^ t13)
    let twice = related(Self.block ^ t13, Self.block ^ t13 ^ t14)
    #expect(search(once).fittingCount == search(once, table: table).fittingCount)
    #expect(search(twice).fittingCount > search(twice, table: table).fittingCount)
  }

  private static let distance: UInt64 = 0x2ff6_0000

  /// Votes of pages that were moved by ``distance``, of which some are off by something else.
  private func tabled(_ count: Int, wrong: Int = 0) -> [PageVote] {
    (0..<count).map { index in
      let page = index * 7
      let address = Self.pages[page]
      let constant = TweakTable.published.value(for: address ^ (address + Self.distance))!
      return vote(page, index < wrong ? constant ^ Self.block : constant)
    }
  }

  private func match(_ votes: [PageVote], stated: [UInt64] = []) -> TableMatch? {
    TableMatch(.published, votes: votes, addresses: Self.pages, stated: stated)
  }

  @Test func `Nine of ten pages confirm the table`() {
    #expect(match(tabled(20, wrong: 2))?.distance == Self.distance)
    #expect(match(tabled(20, wrong: 3)) == nil)
  }

  @Test func `One constant confirms the table where its distance was stated, two alone`() {
    #expect(match(tabled(1)) == nil)
    #expect(match(tabled(1), stated: [0x2ff5_0000]) == nil)
    #expect(match(tabled(1), stated: [Self.distance])?.constants == 1)
    #expect(match(tabled(20))?.constants ?? 0 >= 2)
  }

  @Test func `Memory that was not moved confirms no table`() {
    #expect(match([vote(1, .zero), vote(2, .zero)], stated: [0]) == nil)
  }

  // MARK: Untouched memory

  @Test func `Untouched pages that lie as their own addresses demand were not moved`() {
    var random = SeededGenerator(seed: 61)
    let tweaks = (0..<52).map { _ in Block(low: random.next(), high: random.next()) }
    func tweak(_ address: UInt64) -> Block {
      tweaks.indices.reduce(Block.zero) { address >> UInt64($1) & 1 == 1 ? $0 ^ tweaks[$1] : $0 }
    }
    // Where nothing is carried, relations are the same before and after.
    let moved: UInt64 = 0x2b00_3000
    func hypothesis(movedBy distance: (Int) -> UInt64) -> Hypothesis {
      let members = (0x10..<0x30).map { page in
        UntouchedFamily.Member(
          page: page, origin: Self.block ^ tweak(Self.pages[page] + distance(page)), weight: 256)
      }
      return Hypothesis(
        Alignment(shift: moved), addresses: Self.pages, votes: [],
        families: [UntouchedFamily(steps: [], members: members)], improves: true)
    }
    #expect(hypothesis { _ in 0 }.misfits == Set(0x10..<0x30))
    #expect(hypothesis { _ in moved }.misfits.isEmpty)
    let some = (0x10..<0x30).filter { $0 % 5 == 3 }
    #expect(hypothesis { some.contains($0) ? 0 : moved }.misfits == Set(some))
    // Three may agree by chance.
    #expect(hypothesis { some.prefix(3).contains($0) ? 0 : moved }.misfits.isEmpty)
  }
}
