internal import PageCompression

/// What the page descriptors of a kdump-compressed dump say, without a look at the pages.
public struct DescriptorSurvey: Hashable, Sendable {
  /// Frames of the second bitmap.
  public internal(set) var pages: UInt64 = 0
  /// Pages stored as they are, the shared ones among them.
  public internal(set) var raw: UInt64 = 0
  public internal(set) var zlib: UInt64 = 0
  public internal(set) var lzo: UInt64 = 0
  public internal(set) var snappy: UInt64 = 0
  public internal(set) var zstd: UInt64 = 0
  /// Pages of zeros that share the first stored page of their file.
  public internal(set) var sharedZeros: UInt64 = 0
  /// Pages with no bytes: offset 0, or a descriptor or bytes behind the end of the file.
  public internal(set) var missing: UInt64 = 0
  /// Descriptors whose numbers are impossible.
  public internal(set) var malformed: UInt64 = 0
  /// Frames of the second bitmap that the first, of the machine's memory, does not have.
  public internal(set) var outsideMemory: UInt64 = 0
  /// The first byte of the file that more than one page claims, and the first between pages that none does.
  public internal(set) var firstContest: UInt64?
  public internal(set) var firstGap: UInt64?
  /// The lowest offset of a page, even if it lies among the descriptors.
  private(set) var firstPage = UInt64.max
  /// Raw pages that lie there.
  private(set) var firstPageClaims: UInt64 = 0
  /// Whether the first descriptor is one of a page, and whether the last is.
  private var isFirstStored = false
  private(set) var isLastShapely = false

  mutating func count(_ descriptor: PageDescriptor?, in dump: KdumpFile) {
    pages += 1
    isLastShapely = descriptor.map { dump.isShapely($0) } ?? false
    guard let descriptor else {
      missing += 1
      return
    }
    if isLastShapely, descriptor.offset > dump.descriptors {
      if descriptor.offset < firstPage { (firstPage, firstPageClaims) = (descriptor.offset, 0) }
      if descriptor.offset == firstPage, descriptor.flags == .raw { firstPageClaims += 1 }
      if pages == 1 { isFirstStored = true }
    }
    switch dump.state(of: descriptor) {
    case .missing, .pastEnd: missing += 1
    case .malformed: malformed += 1
    case .stored:
      switch Codec(descriptor.flags) {
      case .zlib: zlib += 1
      case .lzo: lzo += 1
      case .snappy: snappy += 1
      case .zstd: zstd += 1
      default:
        raw += 1
        if descriptor.offset == dump.sharedPage, dump.sharesZeros {
          sharedZeros += 1
        }
      }
    }
  }
}

extension DescriptorSurvey {
  /// With those of another file of the same dump.
  public func adding(_ other: DescriptorSurvey) -> DescriptorSurvey {
    var sum = self
    sum.pages += other.pages
    sum.raw += other.raw
    sum.zlib += other.zlib
    sum.lzo += other.lzo
    sum.snappy += other.snappy
    sum.zstd += other.zstd
    sum.sharedZeros += other.sharedZeros
    sum.missing += other.missing
    sum.malformed += other.malformed
    return sum
  }

  /// By how many bytes the first page lies elsewhere than the second bitmap says; nil where it lies there, or nobody can
  /// tell.
  ///
  /// A reader finds a page's descriptor by counting the bits below its own. All writers put the first page just behind
  /// the last descriptor, and the one of zeros first: where it lies elsewhere, there are more or fewer descriptors than
  /// bits, and those behind a bit that is wrong are read as of other frames.
  ///
  /// - Parameter hasLeftOut: whether pages were left out when all descriptors had their room already.
  func misfit(in dump: KdumpFile, hasLeftOut: Bool) -> Int64? {
    guard let distance = distanceOfFirstPage(in: dump), distance != 0, !(hasLeftOut && distance > 0) else {
      return nil
    }
    if missing == 0, malformed == 0 { return distance }
    // Where descriptors are lost, the first page may be one of them.
    let descriptor = Int64(PageDescriptor.byteCount)
    return distance % descriptor == 0 && distance.magnitude < 1024 * descriptor.magnitude
      && (dump.sharesZeros || isFirstStored) ? distance : nil
  }

  /// Whether the first page lies to the byte where the second bitmap's frames say, and most descriptors are ones: bitmaps and
  /// descriptors are where they were looked for.
  func proves(_ dump: KdumpFile) -> Bool {
    distanceOfFirstPage(in: dump) == 0 && malformed < pages / 2
  }

  /// Whether more than one page of zeros lies where the first page does.
  func sharesFirstPage(of dump: KdumpFile) -> Bool {
    firstPageClaims > 1 && dump.hasZeroPage(at: firstPage)
  }

  /// How far behind its place the first page lies; nil without one.
  private func distanceOfFirstPage(in dump: KdumpFile) -> Int64? {
    guard firstPage != .max else { return nil }
    // The page of zeros may be nobody's.
    let places = [dump.dataStart, dump.sharedPage].flatMap {
      dump.sharesZeros ? [$0, $0 + dump.headers.blockSize] : [$0]
    }
    return places.map { Int64(bitPattern: firstPage &- $0) }.min { $0.magnitude < $1.magnitude }
  }

  /// The codecs that pages are compressed with, and how many of each.
  var codecs: [(codec: Codec, pages: UInt64)] {
    [(.zlib, zlib), (.lzo, lzo), (.snappy, snappy), (.zstd, zstd)].filter { $0.pages > 0 }
  }
}

extension KdumpStore {
  /// Reads every descriptor, and both bitmaps.
  public func survey() throws(VmcoreError) -> DescriptorSurvey {
    let frames = try dump.describedFrames()
    var survey = DescriptorSurvey()
    var runs = StoredRuns()
    var number: UInt64 = 0
    try dump.forEachDescriptor(of: frames) { _, descriptor in
      survey.count(descriptor, in: dump)
      if let descriptor, dump.state(of: descriptor) == .stored,
        !dump.sharesZeros || !dump.isShared(descriptor)
      {
        runs.append(number, descriptor.range)
      }
      number += 1
    }
    runs.settle()
    survey.firstContest = runs.firstContest
    // Bytes of pages that were changed later may be nobody's.
    let eraseInfo = dump.headers.subHeader.eraseInfo
    let isChanged = !eraseInfo.isEmpty && eraseInfo.lowerBound >= dump.dataStart
    survey.firstGap = isChanged || !isComplete ? nil : runs.firstGap
    survey.outsideMemory = try dump.framesOutsideMemory()
    return survey
  }

  /// Where bitmaps and descriptors contradict each other, a line each.
  public func contradictions(_ survey: DescriptorSurvey) -> [String] {
    var lines: [String] = []
    if survey.outsideMemory > 0 {
      lines.append(
        "\(survey.outsideMemory) frames of the second bitmap are not in the first, which is of all memory")
    }
    if let place = survey.firstContest {
      lines.append(
        "the bytes at offset 0x\(String(place, radix: 16)) are those of more than one page, by their descriptors"
      )
    }
    if let place = survey.firstGap {
      lines.append(
        "the bytes at offset 0x\(String(place, radix: 16)) lie between pages and are of none, by their descriptors"
      )
    }
    if let misfit = survey.misfit(in: dump, hasLeftOut: !origin.unreadableRecords.isEmpty) {
      lines.append(
        "the second bitmap has \(survey.pages) frames, for whose descriptors there are \(misfit.magnitude) bytes"
          + " \(misfit > 0 ? "more" : "less") than they need: bits of it are wrong, and pages may be read as others"
      )
    }
    return lines
  }
}
