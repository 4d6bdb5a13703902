/// Judges class by class which constants are to be believed.
///
/// Claimed is that each page of a class is off by one constant. A constant is believed if it is proven, in one of three
/// ways, and if nothing refutes it. The proofs:
///
/// 1. Content. Free pointers or kernel addresses make sense under it, in both halves of a block (``ContentEvidence``).
/// 2. A table. The published constants give it, for a distance of the backup that the dump's own pages confirm.
/// 3. Links. Constants proven otherwise, and untouched memory, determine it over GF(2).
///
/// Zeros are no proof, whatever the kernel does with what it frees: bitmaps are ones, and files hold what they like.
///
/// The refutations: two constants are proven for one class; content proves another one than a confirmed table, and neither
/// is believed then; the other classes and untouched memory, by links, say otherwise; more of the class's repeated blocks are
/// no fill under it than are one; pages are off by another one in a part of each, so that memory was not moved by whole
/// pages, or nothing shows that they are not; too few pages agree. What single pages refute is the ``PageVerifier``'s.
struct ClassJudge: Sendable {
  let content: ContentEvidence
  let search: AlignmentSearch
  let hypothesis: Hypothesis
  private(set) var classes: [ConstantClass] = []
  /// Two proven constants deny each other by links: the assumed alignment is wrong, and what a page's place says of its
  /// constant counts for nothing.
  private(set) var isAlignmentRefuted = false
  /// Pages' own words agree with believed constants beyond those that determine them: so a page's place does say what its
  /// constant is, also of a page that says nothing itself.
  private(set) var isPlaceProven = false
  /// A proven constant is not the table's.
  private(set) var isTableRefuted = false
  /// Pages that look untouched and, as others that look so hold objects, may never have been copied.
  let uncopied: Set<Int>
  /// Pages that look untouched but for a line or two, and in which nothing is known to be.
  let untouched: Set<Int>
  /// Pages that look untouched, each for itself: no other one tells whether it is their content that is so regular.
  let lonely: Set<Int>
  private let addresses: [UInt64]
  private let votes: [PageVote]
  private let shift: ShiftEvidence

  /// Constants that follow from believed ones need more pages that agree than constants that they determine.
  private static let fewestLeftOver = 4

  init(
    _ solver: ConstantSolver, votes: [PageVote], families: [UntouchedFamily], search: AlignmentSearch,
    hypothesis: Hypothesis
  ) {
    content = solver.content
    shift = ShiftEvidence(solver.detector)
    self.search = search
    self.hypothesis = hypothesis
    self.votes = votes
    addresses = solver.addresses
    // A page that holds objects was written. If it looks untouched all the same, its copy was never made, and so may
    // those of all that look like it.
    var uncopied: Set<Int> = []
    var untouched: Set<Int> = []
    for family in families {
      let whole = family.members.filter { 2 * $0.weight > solver.detector.shapes[$0.page].blockCount }
      if whole.contains(where: { solver.slabs.hasSlots($0.page) }) {
        uncopied.formUnion(whole.map { $0.page })
      } else {
        untouched.formUnion(
          whole.filter { 16 * $0.weight >= 15 * solver.detector.shapes[$0.page].blockCount }.map { $0.page })
      }
    }
    self.uncopied = uncopied
    self.untouched = untouched
    let others = Set(solver.detector.pages).subtracting(families.flatMap { $0.members.map { $0.page } })
    lonely = others.filter { UntouchedFamily.resembles($0, in: solver.region) }
    var byMask: [UInt64: [Int]] = [:]
    for page in solver.detector.pages {
      let mask = hypothesis.alignment.difference(addresses[page])
      let constant = hypothesis.consensus.system.value(of: mask)
      let own = solver.detector.shapes[page]
      // Pages that another answer would treat otherwise stay out, and get no say either.
      guard
        search.agrees(
          on: constant, ofPageAt: addresses[page], own: own.standsOut ? [own.mode] : [])
      else { continue }
      byMask[mask, default: []].append(page)
    }
    classes = byMask.map { ConstantClass(mask: $0.key, pages: $0.value) }
      .sorted { ($1.pages.count, $0.mask) < ($0.pages.count, $1.mask) }
  }

  mutating func judge() {
    for index in classes.indices { proveByContent(index) }
    refuteByLinks()
    proveByTable()
    var before = -1
    while before != classes.count(where: { $0.isAccepted }) {
      before = classes.count { $0.isAccepted }
      for index in classes.indices where !classes[index].isAccepted { proveByLinks(index) }
    }
    refuteByRepetitions()
    isPlaceProven = linked(nil).leftOver >= ClassJudge.fewestLeftOver
    refuteByCoverage()
  }

  /// Where most pages' repeated blocks deny their constants, or do so in the same part of each, memory was not moved by
  /// whole pages, and no class is one: a constant that some words prove holds for a part of its page only.
  private mutating func refuteByRepetitions() {
    var denying = 0
    var confirming = 0
    var believed: [(page: Int, constant: Block)] = []
    for found in classes {
      guard let constant = found.constant else { continue }
      let own = found.pages.filter { !content.isForeign($0, constant: constant) }
      let pages = content.testimony(own, constant: constant)
      denying += pages.denying
      confirming += pages.confirming
      if found.isAccepted { believed += own.map { ($0, constant) } }
    }
    guard denying > confirming || shift.isShifted(believed) else { return }
    for index in classes.indices { refute(index) }
  }

  /// Few pages agree by chance or because somebody made them so, and in one part of a page only if memory was moved by a part of
  /// one. Of a table's constants neither is true.
  private mutating func refuteByCoverage() {
    var places = [Int](repeating: 0, count: LowRegion.blocksPerPage)
    for found in classes where found.isAccepted {
      guard let constant = found.constant else { continue }
      for page in found.pages { content.count(page, constant: constant, in: &places) }
    }
    if isPlaceProven, shift.isExcluded(by: places) { return }
    for index in classes.indices where classes[index].isAccepted && classes[index].checks[.table] == nil {
      classes[index].isAccepted = false
    }
  }

  // MARK: - Content

  private mutating func proveByContent(_ index: Int) {
    let pages = classes[index].pages
    let assumed = hypothesis.consensus.system.value(of: classes[index].mask)
    classes[index].constant = assumed
    var candidates: [Block] = [.zero]
    func add(_ constant: Block) { if !candidates.contains(constant) { candidates.append(constant) } }
    if let assumed { content.candidates(near: assumed, for: pages).forEach { add($0) } }
    if let table = tableConstant(of: index) { add(table) }
    if let free = content.slabs.constant(of: Set(pages)) { add(free) }
    let members = Set(pages)
    for vote in votes where vote.source == .content && members.contains(vote.page) { add(vote.constant) }

    let proven = candidates.compactMap { constant in
      content.proof(of: constant, by: pages).map { (constant: constant, words: $0) }
    }.sorted { $0.words.count > $1.words.count }
    guard let best = proven.first else { return }
    if proven.count > 1, proven[1].words.count * 8 > best.words.count {
      classes[index].isRefuted = true
      return
    }
    classes[index].constant = best.constant
    note(best.words, index)
    accept(index)
  }

  private mutating func note(_ words: ContentEvidence.Words, _ index: Int) {
    if words.slabCount > 0 { classes[index].checks[.slabs] = words.slabCount }
    if words.pointerCount > 0 { classes[index].checks[.pointers] = words.pointerCount }
    noteZeros(index)
  }

  private mutating func noteZeros(_ index: Int) {
    guard let constant = classes[index].constant else { return }
    let zeros = content.zeroBlocks(classes[index].pages, constant: constant)
    if zeros >= PageShape.fewestRepetitions { classes[index].checks[.repeated] = zeros }
  }

  private mutating func accept(_ index: Int) {
    guard let constant = classes[index].constant, !classes[index].isRefuted else { return }
    // What a class proves by itself a page of another block does not deny; what its place says of it, that does.
    let countsUniform = !classes[index].isProvenByContent
    let pages = classes[index].pages.filter { countsUniform || !content.isForeign($0, constant: constant) }
    let (fills, others) = content.explained(pages, constant: constant)
    let (confirming, denying) = content.testimony(pages, constant: constant)
    if others > fills || denying > confirming { refute(index) } else { classes[index].isAccepted = true }
  }

  // MARK: - Table

  private func tableConstant(of index: Int) -> Block? {
    guard let match = search.match, let page = classes[index].pages.first else { return nil }
    return match.constant(ofPageAt: addresses[page])
  }

  private func isDeniedByTable(_ index: Int) -> Bool {
    guard let constant = tableConstant(of: index) else { return false }
    return classes[index].constant != constant
  }

  private mutating func proveByTable() {
    guard let match = search.match else { return }
    // A distance that somebody named, and a table that nothing confirms: the content of each class has to.
    let isConfirmed = search.isTableConfirmed
    // One proven constant that is not the table's denies all of it. If the dump confirmed the table, and nothing else confirms the
    // constant, nobody knows which is wrong, and neither is believed.
    let denying = classes.indices.filter { classes[$0].isAccepted && isDeniedByTable($0) }
    let isDenied = classes.indices.contains { index in
      guard !classes[index].isAccepted, let constant = following(index)?.constant else { return false }
      return tableConstant(of: index).map { $0 != constant } ?? false
    }
    if isDenied || !denying.isEmpty {
      isTableRefuted = true
      let alone = denying.filter { following($0)?.constant != classes[$0].constant }
      if isConfirmed { for index in alone { refute(index) } }
      return
    }
    for index in classes.indices {
      guard let constant = tableConstant(of: index) else { continue }
      if classes[index].isAccepted {
        classes[index].checks[.table] = max(match.pages, 1)
        continue
      }
      let words = content.words(in: classes[index].pages, constant)
      guard !classes[index].isRefuted, isConfirmed || words.slabCount > 0 else { continue }
      classes[index].constant = constant
      classes[index].checks[.table] = max(match.pages, 1)
      note(words, index)
      accept(index)
    }
  }

  // MARK: - Links

  /// What the classes that are believed and untouched memory say of a class, itself left out; of none, how much they agree.
  ///
  /// Untouched memory alone says nothing: whatever all constants were off by would satisfy its relations.
  private func linked(_ index: Int?) -> (constant: Block?, leftOver: Int) {
    var system = LinearSystem()
    var count = 0
    for relation in relations(without: index) {
      system.insert(mask: relation.mask, value: relation.value)
      count += relation.count
    }
    return (index.flatMap { system.value(of: classes[$0].mask) }, count - system.rank)
  }

  /// Pages whose own word agrees with their class's constant.
  private func votes(for found: ConstantClass) -> Int {
    guard let constant = found.constant else { return 0 }
    let members = Set(found.pages)
    return votes.count { members.contains($0.page) && $0.agrees(with: constant) }
  }

  /// Where proven constants deny each other, and one that is left out makes the others agree, that one is wrong. Where several would,
  /// nobody knows which is, or whether the alignment is, and none of them is believed; where no single one would, those that most
  /// deny.
  private mutating func refuteByLinks() {
    if areConsistent(without: nil) { return }
    var outliers = classes.indices.filter { classes[$0].isAccepted && areConsistent(without: $0) }
    isAlignmentRefuted = outliers.count != 1
    if outliers.isEmpty {
      let consensus = Consensus(relations(without: nil), improves: true)
      outliers = classes.indices.filter {
        classes[$0].isAccepted && consensus.system.value(of: classes[$0].mask) != classes[$0].constant
      }
    }
    for index in outliers { refute(index) }
  }

  /// What the classes that are believed and untouched memory say, but for one class.
  private func relations(without index: Int?) -> [Equation] {
    classes.enumerated().compactMap { other, found in
      guard other != index, found.isAccepted, let constant = found.constant else { return nil }
      return Equation(
        mask: found.mask, value: constant, source: .content, weight: found.words, count: votes(for: found))
    } + hypothesis.consensus.satisfied.filter { $0.source == .untouched }
  }

  private func areConsistent(without index: Int?) -> Bool {
    var system = LinearSystem()
    return relations(without: index).allSatisfy {
      system.insert(mask: $0.mask, value: $0.value) != .contradiction
    }
  }

  private mutating func refute(_ index: Int) {
    classes[index].isAccepted = false
    classes[index].isRefuted = true
  }

  /// What follows for a class from the others, and how much these agree; nil where they do not determine it, or hardly agree.
  private func following(_ index: Int) -> (constant: Block, leftOver: Int)? {
    let links = linked(index)
    guard !isAlignmentRefuted, links.leftOver >= ClassJudge.fewestLeftOver else { return nil }
    return links.constant.map { ($0, links.leftOver) }
  }

  private mutating func proveByLinks(_ index: Int) {
    guard !classes[index].isRefuted, let links = following(index) else { return }
    classes[index].constant = links.constant
    classes[index].checks[.linked] = links.leftOver
    noteZeros(index)
    accept(index)
  }
}
