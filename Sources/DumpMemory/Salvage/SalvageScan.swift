internal import PageCompression
internal import Platform

/// Finds out which pages of a kdump-compressed dump are intact.
///
/// A page with a descriptor is there if its bytes make a page, and no other page claims them. Pages without one lie
/// between their neighbours, in a dump that was written in the order of its frames: if the bytes between the two can be
/// cut into pages in one way only, and these are as many as there are frames between the neighbours, each is of its
/// frame; if there are no bytes at all, they are the pages of zeros, which share one. Whatever else is found is not taken:
/// a page in another's place is worse than one that is missing.
struct SalvageScan: ~Copyable {
  /// What a descriptor comes to.
  private enum Kind {
    /// The page of zeros that all share.
    case zeros
    /// Bytes that are a page.
    case whole(PageDescriptor)
    /// Bytes that are no page.
    case damaged(PageDescriptor)
    /// Bytes behind the end of the file, or that a flattened stream did not bring.
    case absent(PageDescriptor)
    /// Bytes that another page claims.
    case contested
    /// Nothing.
    case none
    /// The writer's word that the page could not be read.
    case neverThere
  }

  struct Pending {
    var pfn: PFN
    var number: UInt64
  }

  let dump: KdumpFile
  let store: KdumpStore
  private let frames: PFNBitmap
  /// Pages whose bytes are none, and pages of zeros.
  var failed: PFNBitmap
  var zeros: PFNBitmap
  var found: PFNBitmap
  /// Pages that are what a manifest says.
  var proven: PFNBitmap
  var runs = StoredRuns()
  var chain: PageChain
  var recovered = RecoveredPages()
  var counts = SalvageCounts()

  let sharesZeros: Bool
  private let isCompressed: Bool
  /// Where the page lies that all pages of zeros share.
  let sharedPage: UInt64
  /// Whether it is there, and of zeros: what is taken for a page of zeros leads there.
  let hasSharedPage: Bool
  /// The bytes of that page, where it is there or a descriptor says so: overwritten, they are no other page's either.
  private let sharedBytes: Range<UInt64>
  /// Whether pages were changed or taken out after the dump was written: their old bytes may still be in it.
  let isChanged: Bool
  let isMarked: Bool

  // What the walk over the descriptors has come to.
  var pending: [Pending] = []
  /// Pages of zeros behind the last page with bytes of its own.
  var recentZeros: [Pending] = []
  /// There were too many pages without a descriptor.
  var isOverflown = false
  /// Where the last page ended.
  var end: UInt64?
  /// The last page, if its bytes are none, and where they begin.
  var unconfirmed: (page: Pending, start: UInt64)?
  /// Pages that do not lie behind the one before.
  var breaks = 0
  /// The last page with bytes of its own.
  private var last: (pfn: PFN, descriptor: PageDescriptor, isWhole: Bool)?

  /// More pages without a descriptor between two with one are not looked for.
  static let mostPending = 1 << 20

  private init(_ store: KdumpStore) throws(VmcoreError) {
    let dump = store.dump
    let survey = try store.survey()
    if dump.file.isWhole, !dump.headers.header.status.contains(.incomplete),
      survey.misfit(in: dump, hasLeftOut: !store.origin.unreadableRecords.isEmpty) != nil
    {
      throw .malformed(
        path: dump.file.path, at: FileOffset(dump.bitmap),
        "the second bitmap has other frames than there are descriptors: of which page each is cannot be told")
    }
    let frames = try dump.describedFrames()
    let maxMapNumber = dump.headers.maxMapNumber
    var codecs = Set(Codec.allCases.filter { $0 != .none && dump.headers.header.status.contains($0.status) })
    for (codec, _) in survey.codecs { codecs.insert(codec) }
    let usedCodecs = Codec.allCases.filter { codecs.contains($0) }
    let failed = try Self.emptySet(maxMapNumber)
    let zeros = try Self.emptySet(maxMapNumber)
    let found = try Self.emptySet(maxMapNumber)
    let proven = try Self.emptySet(maxMapNumber)
    let chain = try VmcoreError.wrapping { () throws(SystemError) in try PageChain(dump, codecs: usedCodecs) }
    self.failed = failed
    self.zeros = zeros
    self.found = found
    self.proven = proven
    self.chain = chain
    self.frames = frames
    self.dump = dump
    self.store = store
    isCompressed = !usedCodecs.isEmpty
    sharesZeros = store.origin.dumpLevel.contains(.zeroPages)
    // The place follows from the number of pages, which a cut may have made smaller.
    let sharedPage = survey.firstPageClaims > 1 ? survey.firstPage : dump.sharedPage
    self.sharedPage = sharedPage
    hasSharedPage = sharesZeros && dump.hasZeroPage(at: sharedPage)
    let claims = sharedPage == survey.firstPage ? survey.firstPageClaims : survey.sharedZeros
    sharedBytes =
      hasSharedPage || sharesZeros && claims > 0
      ? sharedPage..<sharedPage + dump.headers.blockSize : sharedPage..<sharedPage
    let eraseInfo = dump.headers.subHeader.eraseInfo
    isChanged = !eraseInfo.isEmpty && eraseInfo.lowerBound >= dump.dataStart
    isMarked = dump.headers.header.status.contains(.incomplete)
    if dump.headers.splitRange == nil {
      end = sharesZeros ? sharedPage + dump.headers.blockSize : dump.dataStart
    }
  }

  static func emptySet(_ maxMapNumber: UInt64) throws(VmcoreError) -> PFNBitmap {
    try VmcoreError.wrapping { () throws(SystemError) in try PFNBitmap(maxMapNumber: maxMapNumber) }
  }

  /// Reads all of a dump.
  ///
  /// - Parameters:
  ///   - sums: a manifest of the dump as it was, if there is one: a page of it is what it says, or is lost.
  ///   - progress: of reading, in pages.
  static func run(
    _ store: KdumpStore, sums: String?, threads: Int, progress: (_ done: UInt64, _ total: UInt64) -> Void
  ) throws(VmcoreError) -> SalvagedFile {
    var scan = try SalvageScan(store)
    try scan.readPages(sums, threads: threads, progress)
    do throws(SystemError) {
      try scan.survey()
      try scan.walk()
    } catch { throw .system(error) }
    if let sums { try scan.checkRecovered(sums) }
    return scan.result()
  }

  func isProven(_ pfn: PFN) -> Bool { proven.contains(pfn) }

  // MARK: - Descriptors

  func isShared(_ descriptor: PageDescriptor) -> Bool {
    sharesZeros && descriptor.offset == sharedPage && descriptor.flags == .raw
  }

  /// Finds out who claims which bytes.
  private mutating func survey() throws(SystemError) {
    var window = try ReadAhead(byteCount: 64 << 10)
    for number in 0..<dump.descriptorsInFile {
      guard let descriptor = try dump.descriptor(number, window: &window),
        dump.state(of: descriptor) == .stored,
        !isShared(descriptor)
      else { continue }
      runs.append(number, descriptor.range)
    }
    runs.settle()
  }

  private func kind(_ pfn: PFN, number: UInt64, descriptor: PageDescriptor?) -> Kind {
    guard let descriptor else { return .none }
    if descriptor == .unreadable { return .neverThere }
    switch dump.state(of: descriptor) {
    case .missing, .malformed: return .none
    case .pastEnd: return .absent(descriptor)
    case .stored: break
    }
    if isShared(descriptor) { return zeros.contains(pfn) ? .zeros : .damaged(descriptor) }
    if descriptor.range.overlaps(sharedBytes) || runs.isContested(number, bytes: descriptor.range),
      !isProven(pfn)
    {
      return .contested
    }
    if dump.file.isFlattened, dump.file.nextData(in: descriptor.range) != descriptor.range {
      return .absent(descriptor)
    }
    // No writer gives a page of zeros room of its own where all share one, nor stores it raw where pages are compressed:
    // there was something else.
    let isLost =
      failed.contains(pfn)
      || (zeros.contains(pfn) && !isChanged && !isProven(pfn)
        && (sharesZeros || isCompressed && descriptor.flags == .raw))
    return isLost ? .damaged(descriptor) : .whole(descriptor)
  }

  private mutating func walk() throws(SystemError) {
    var window = try ReadAhead(byteCount: 64 << 10)
    var number: UInt64 = 0
    var next = frames.next(from: PFN(0))
    while let pfn = next {
      try take(
        pfn, number, kind(pfn, number: number, descriptor: try dump.descriptor(number, window: &window)))
      number += 1
      next = frames.next(from: pfn.advanced(by: 1))
    }
    if !pending.isEmpty { try close(upTo: dump.file.size, isAtEnd: true) }
  }

  private mutating func take(_ pfn: PFN, _ number: UInt64, _ kind: Kind) throws(SystemError) {
    counts.pages += 1
    switch kind {
    case .zeros:
      keep(pfn)
      if recentZeros.count < Self.mostPending { recentZeros.append(Pending(pfn: pfn, number: number)) }
    case .whole(let descriptor):
      try arrive(at: descriptor)
      keep(pfn)
      // Two raw pages say nothing of each other; one beside damage may have some of it.
      let isBesideDamage =
        last.map { !$0.isWhole && $0.descriptor.range.upperBound == descriptor.offset } ?? false
      if isBesideDamage, descriptor.flags == .raw { doubt(pfn) }
      last = (pfn, descriptor, true)
    case .damaged(let descriptor):
      guard !isShared(descriptor) else {
        counts.damaged += 1
        return
      }
      if let last, last.isWhole, last.descriptor.flags == .raw,
        last.descriptor.range.upperBound == descriptor.offset
      {
        doubt(last.pfn)
      }
      if pending.isEmpty, descriptor.offset == end {
        counts.damaged += 1
        end = descriptor.range.upperBound
        unconfirmed = (Pending(pfn: pfn, number: number), descriptor.offset)
      } else {
        wait(pfn, number: number)
      }
      last = (pfn, descriptor, false)
    case .absent(let descriptor):
      if pending.isEmpty, descriptor.offset == end {
        counts.absent += 1
        end = descriptor.range.upperBound
      } else if end.map({ $0 >= dump.file.size }) ?? false {
        counts.absent += 1
      } else {
        wait(pfn, number: number)
      }
    case .contested:
      counts.contested += 1
      wait(pfn, number: number)
    case .none:
      wait(pfn, number: number)
    case .neverThere:
      counts.absent += 1
    }
  }

  private mutating func keep(_ pfn: PFN) {
    counts.whole += 1
    found.insert(pfn)
  }

  /// Loses a page that nothing proves, not even a manifest.
  mutating func doubt(_ pfn: PFN) {
    guard !isProven(pfn), found.remove(pfn) else { return }
    counts.whole -= 1
    counts.doubtful += 1
  }

  private consuming func result() -> SalvagedFile {
    var counts = counts
    var remark: String?
    if breaks > 0 || isChanged {
      counts.recovered = 0
      counts.recoveredZeros = 0
      recovered = RecoveredPages()
      remark =
        isChanged
        ? "pages were changed after it was written: no page is looked for without its descriptor"
        : "its pages do not lie in the order of their frames: no page is looked for without its descriptor"
    }
    recovered.forEach { found.insert($0..<$0.advanced(by: 1)) }
    // Of those that were contested, some may have been found after all.
    let known = counts.absent + counts.damaged + counts.doubtful
    counts.contested = min(counts.contested, counts.lost - min(counts.lost, known))
    counts.undescribed = counts.lost - min(counts.lost, known + counts.contested)
    return SalvagedFile(dump, found: found, recovered: recovered, counts: counts, remark: remark)
  }
}
