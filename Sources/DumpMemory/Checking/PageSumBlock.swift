internal import PageCompression

/// The hashes of the pages of one stretch of frames.
public struct PageSumBlock {
  /// The number of the stretch: its first frame by ``PageSums/framesOfBlock``.
  public private(set) var number: UInt64 = 0
  /// Bit n of word n / 64: the dump has the frame.
  private var present: [32 of UInt64] = .init(repeating: 0)
  /// The same of pages that are not zeros.
  private var filled: [32 of UInt64] = .init(repeating: 0)
  /// 32 bytes for each of these.
  private var hashes: [UInt8] = []

  init() {
    hashes.reserveCapacity(Int(PageSums.framesOfBlock) * SHA256.byteCount)
  }

  public var pageCount: UInt64 { present.total }
  public var zeroPageCount: UInt64 { present.total - filled.total }
  public var isEmpty: Bool { present.total == 0 }

  /// Empties it for another stretch.
  mutating func begin(_ number: UInt64) {
    self.number = number
    present = .init(repeating: 0)
    filled = .init(repeating: 0)
    hashes.removeAll(keepingCapacity: true)
  }

  /// Adds a page; pages come in the order of their frames.
  mutating func add(_ pfn: PFN, _ page: RawSpan, _ hash: inout SHA256) {
    let bit = Int(pfn.rawValue % PageSums.framesOfBlock)
    present[bit / 64] |= 1 << UInt64(bit % 64)
    if isZeroPage(page) { return }
    filled[bit / 64] |= 1 << UInt64(bit % 64)
    hash.update(page)
    hash.finish(appendingTo: &hashes)
  }

  /// Appends the block as it stands in a manifest, also to what a hash is of.
  package func encode(into bytes: inout [UInt8], _ digest: inout SHA256) {
    let start = bytes.count
    bytes.append(littleEndian: number * PageSums.framesOfBlock)
    for index in 0..<32 { bytes.append(littleEndian: present[index]) }
    for index in 0..<32 { bytes.append(littleEndian: filled[index]) }
    bytes += hashes
    unsafe digest.update(bytes.span.bytes.extracting(start..<bytes.count))
  }

  /// Reads the part of fixed size; nil where no program has written that.
  ///
  /// - Returns: how many bytes of hashes follow.
  mutating func decodeHead(_ head: [UInt8]) -> Int? {
    let bytes = unsafe head.span.bytes
    let first = bytes.word(0)
    guard first % PageSums.framesOfBlock == 0 else { return nil }
    begin(first / PageSums.framesOfBlock)
    for index in 0..<32 {
      present[index] = bytes.word(1 + index)
      filled[index] = bytes.word(33 + index)
      if filled[index] & ~present[index] != 0 { return nil }
    }
    return isEmpty ? nil : Int(filled.total) * SHA256.byteCount
  }

  mutating func take(hashes bytes: [UInt8]) {
    hashes += bytes
  }

  /// Calls the body for every frame that either of two blocks of the same stretch has.
  func compare(_ other: PageSumBlock, _ body: (PFN, PageSumDifference) -> Void) {
    var own = 0
    var others = 0
    for index in 0..<32 {
      var bits = present[index] | other.present[index]
      while bits != 0 {
        let bit = bits & (~bits + 1)
        let pfn = PFN(number * PageSums.framesOfBlock + UInt64(index * 64 + bits.trailingZeroBitCount))
        bits &= bits - 1
        let isFilled = filled[index] & bit != 0
        let isOtherFilled = other.filled[index] & bit != 0
        let isSame =
          isFilled == isOtherFilled
          && (!isFilled || isSameHash(at: own, other, at: others))
        if isFilled { own += SHA256.byteCount }
        if isOtherFilled { others += SHA256.byteCount }
        switch (present[index] & bit != 0, other.present[index] & bit != 0) {
        case (true, true): body(pfn, isSame ? .none : .content)
        case (true, false): body(pfn, .onlyFirst)
        default: body(pfn, .onlySecond(isZero: !isOtherFilled))
        }
      }
    }
  }

  private func isSameHash(at place: Int, _ other: PageSumBlock, at otherPlace: Int) -> Bool {
    for index in 0..<SHA256.byteCount where hashes[place + index] != other.hashes[otherPlace + index] {
      return false
    }
    return true
  }
}

/// What one frame of two manifests, or of a dump and a manifest, comes to.
enum PageSumDifference {
  case none
  case content
  case onlyFirst
  case onlySecond(isZero: Bool)
}

extension [32 of UInt64] {
  fileprivate var total: UInt64 {
    var total = 0
    for index in indices { total += self[index].nonzeroBitCount }
    return UInt64(total)
  }
}

extension [UInt8] {
  package mutating func append(littleEndian word: UInt64) {
    for byte in 0..<8 { append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
  }
}
