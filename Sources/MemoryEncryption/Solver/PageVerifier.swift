/// Looks at each page as it would be after its repair, and leaves those that deny it as they were.
struct PageVerifier: Sendable {
  private let region: LowRegion
  private let shapes: [PageShape]
  private let content: ContentEvidence
  /// Whether a page's place says what its constant is.
  private let isPlaceTrusted: Bool
  private let redZones: RedZoneEvidence
  private let poison: ObjectPoisonEvidence
  private let tables: PageTableEvidence
  /// Pages whose untouched look is another's: that of memory that was written and never copied.
  private let uncopied: Set<Int>
  /// Pages that look untouched at their own place: nobody wrote them, or their copy was not made. Neither can be told from the
  /// other, and neither has content.
  private let untouched: Set<Int>
  private let lonely: Set<Int>
  private let misfits: Set<Int>
  /// Whether pages make sense as they are: then a part was repaired before, and of a page of noise nobody knows whether.
  private var hasSoundPages: Bool { !soundPages.isEmpty || !misfits.isEmpty }
  let soundPages: [Int]

  init(_ solver: ConstantSolver, judge: ClassJudge) {
    region = solver.region
    shapes = solver.detector.shapes
    content = solver.content
    isPlaceTrusted = judge.isPlaceProven && !judge.isAlignmentRefuted
    let pages = Set(solver.detector.pages)
    redZones = RedZoneEvidence(solver.region, pages: pages)
    poison = ObjectPoisonEvidence(solver.region)
    tables = PageTableEvidence(solver.region)
    uncopied = judge.uncopied
    untouched = judge.untouched
    lonely = judge.lonely
    misfits = judge.hypothesis.misfits
    var constants: [Int: Block] = [:]
    for found in judge.classes where found.isAccepted {
      for page in found.pages { constants[page] = found.constant }
    }
    let content = content
    // Where the constant is zero, memory is as it was.
    soundPages = solver.detector.pages.filter { page in
      guard let constant = constants[page] else {
        return content.isSound(page)
      }
      return constant != .zero && content.isSound(page, unlike: constant)
    }
  }

  /// Why a page must not be changed by its class's constant; nil if nothing speaks against it.
  func refutation(of constant: Block, for page: Int) -> LeaveReason? {
    if soundPages.contains(page) { return .contradicted }
    if redZones.denies(page, constant: constant) || poison.denies(page, constant: constant)
      || tables.denies(page, constant: constant)
    {
      return .contradicted
    }
    let words = content.words(in: [page], constant)
    let (fills, others) = shapes[page].explained(by: constant)
    if content.denies(page, constant: constant), words.count == 0 || others > fills || fills == 0 {
      return .contradicted
    }
    if content.slabs.brokenLists(in: page, constant: constant) > 0, words.slabCount == 0 {
      return .contradicted
    }
    if fills > 0 || words.count > 0 { return nil }
    if uncopied.contains(page) || misfits.contains(page) { return .contradicted }
    if untouched.contains(page) { return .neverWritten }
    if lonely.contains(page) { return .ambiguous }
    // Many different ones may repeat, so that none stands out.
    if others > 0 { return .contradicted }
    if content.zeroWords(page, constant: constant) != nil { return nil }
    if !isPlaceTrusted || hasSoundPages { return .ambiguous }
    return region.attributes[page] == .unknown ? .attributeUnknown : nil
  }
}
