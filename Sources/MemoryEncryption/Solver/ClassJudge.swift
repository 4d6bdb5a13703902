/// Judges class by class which constants are to be believed.
struct ClassJudge: Sendable {
  let examiner: ContentExaminer
  private(set) var classes: [ConstantClass] = []
  private(set) var vocabulary: Set<UInt32> = []
  private let search: AlignmentSearch
  private let hypothesis: Hypothesis
  private let addresses: [UInt64]
  private let slabs: SlabEvidence

  /// Constants that follow from believed ones need a system with more equations than unknowns.
  private static let fewestLeftOver = 4
  /// So many pages of one block, all zero, make the next one a zero page.
  private static let fewestLikePages = 32

  init(_ solver: ConstantSolver, search: AlignmentSearch, hypothesis: Hypothesis) {
    examiner = ContentExaminer(solver.detector, slabs: solver.slabs)
    self.search = search
    self.hypothesis = hypothesis
    addresses = solver.addresses
    slabs = solver.slabs
    var own: [Int: Block] = [:]
    for page in solver.detector.pages {
      let shape = solver.detector.shapes[page]
      if shape.standsOut { own[page] = shape.mode }
    }
    var byMask: [UInt64: [Int]] = [:]
    for page in solver.detector.pages {
      let mask = hypothesis.alignment.difference(addresses[page])
      let constant = hypothesis.consensus.system.value(of: mask)
      // Pages that another answer would treat otherwise stay out, and get no say either.
      guard search.agrees(on: constant, ofPageAt: addresses[page], own: own[page]) else { continue }
      byMask[mask, default: []].append(page)
    }
    classes = byMask.map { ConstantClass(mask: $0.key, pages: $0.value) }
      .sorted { ($1.pages.count, $0.mask) < ($0.pages.count, $1.mask) }
  }

  mutating func judge() {
    for index in classes.indices { examine(index) }
    for index in classes.indices { acceptByChecks(index) }
    // A shift of all constants by the same block, a poison pattern in free pages, would satisfy every relation.
    guard classes.contains(where: { $0.isAccepted && $0.isAnchored }) else {
      for index in classes.indices { classes[index].isAccepted = false }
      return
    }
    var before = -1
    while before != classes.count(where: { $0.isAccepted }) {
      before = classes.count { $0.isAccepted }
      vocabulary = examiner.vocabulary(
        classes.filter { $0.isAccepted }.map { ($0.pages, $0.constant ?? .zero) })
      for index in classes.indices where !classes[index].isAccepted { examineByLikeness(index) }
      for index in classes.indices where !classes[index].isAccepted { acceptByChecks(index) }
      for index in classes.indices where !classes[index].isAccepted { acceptByLinks(index) }
    }
  }

  /// The checks that look at one class only.
  private mutating func examine(_ index: Int) {
    let found = classes[index]
    let consensus = hypothesis.consensus
    guard let constant = consensus.system.value(of: found.mask) ?? slabs.constant(of: Set(found.pages)) else {
      return
    }
    classes[index].constant = constant
    var checks: [Check: Int] = [:]
    let repeated = examiner.repeated(found.pages, constant)
    if repeated >= PageShape.fewestRepetitions { checks[.repeated] = repeated }
    let links = linked(found, consensus.satisfied)
    if links.constant == constant, links.leftOver > 0 { checks[.linked] = links.leftOver }
    if let match = search.match, let page = found.pages.first,
      match.constant(ofPageAt: addresses[page]) == constant
    {
      checks[.table] = max(match.pages, 1)
    }
    let pointers = examiner.slabPointers(found.pages, constant)
    if pointers > 0 { checks[.slabs] = pointers }
    if let count = examiner.kernelPointers(found.pages, constant) { checks[.pointers] = count }
    if let count = examiner.zeroWords(found.pages, constant) { checks[.words] = count }
    classes[index].checks = checks
    func weight(_ equations: [Equation]) -> Int {
      equations.reduce(0) { $0 + ($1.source == .vote && $1.mask == found.mask ? $1.weight : 0) }
    }
    // Content that makes sense before anything is undone is not damaged, whatever else is.
    let isReadable =
      constant != .zero
      && (examiner.slabPointers(found.pages, .zero) > 0 || examiner.kernelPointers(found.pages, .zero) != nil)
    classes[index].isReadable = isReadable
    classes[index].isContradicted = weight(consensus.contradicting) > weight(consensus.satisfied)
  }

  /// The checks that compare with what is believed already.
  private mutating func examineByLikeness(_ index: Int) {
    guard let constant = classes[index].constant else { return }
    let pages = classes[index].pages
    if let count = examiner.knownWords(pages, constant, vocabulary) {
      classes[index].checks[.vocabulary] = count
    }
    var zero = 0
    var other = 0
    for believed in classes where believed.isAccepted {
      let count = examiner.unanimous(believed.pages, believed.constant ?? .zero)
      zero += count.zero
      other += count.other
    }
    let own = examiner.unanimous(pages, constant)
    if zero >= ClassJudge.fewestLikePages, other == 0, own.zero > 0, own.other == 0 {
      classes[index].checks[.likeness] = zero
    }
  }

  private mutating func acceptByChecks(_ index: Int) {
    let found = classes[index]
    guard found.constant != nil, !found.isReadable, found.checks.count >= 2, found.hasContent else { return }
    if found.isContradicted, !found.hasStrongContent { return }
    classes[index].isAccepted = true
  }

  /// A class of noise has nothing to show, but its constant follows if all that it follows from is believed.
  private mutating func acceptByLinks(_ index: Int) {
    let found = classes[index]
    guard let constant = found.constant, !found.isContradicted, !found.isReadable,
      hypothesis.consensus.leftOver >= ClassJudge.fewestLeftOver
    else { return }
    let believed = Set(classes.lazy.filter { $0.isAccepted }.map { $0.mask })
    let links = linked(
      found,
      hypothesis.consensus.satisfied.filter { $0.source == .untouched || believed.contains($0.mask) })
    guard links.constant == constant, links.leftOver >= ClassJudge.fewestLeftOver else { return }
    classes[index].checks[.linked] = links.leftOver
    classes[index].isAccepted = true
  }

  /// What the other classes and untouched memory say of a class.
  private func linked(_ found: ConstantClass, _ equations: [Equation]) -> (constant: Block?, leftOver: Int) {
    var system = LinearSystem()
    var count = 0
    for equation in equations where equation.source != .table && equation.mask != found.mask {
      system.insert(mask: equation.mask, value: equation.value)
      count += equation.count
    }
    return (system.value(of: found.mask), count - system.rank)
  }
}
