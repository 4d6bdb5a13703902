/// A dump's pages against those of a manifest, in the order of their frames.
public struct PageSumComparison: ~Copyable {
  private var manifest: PageSumsReader
  /// Whether the manifest's block is one that the dump has not come to.
  private var hasBlock: Bool
  /// Frames whose pages are the same.
  public private(set) var equal: UInt64 = 0
  public private(set) var different: UInt64 = 0
  /// The first of these.
  public private(set) var firstDifferent: [PFN] = []
  public private(set) var onlyInDump: UInt64 = 0
  public private(set) var onlyInManifest: UInt64 = 0
  /// Of these, pages of zeros.
  public private(set) var zerosOnlyInManifest: UInt64 = 0

  static let mostDifferent = 16

  public init(_ manifest: consuming PageSumsReader) throws(VmcoreError) {
    hasBlock = try manifest.next()
    self.manifest = manifest
  }

  /// - Parameter path: of a manifest; nil makes none of it.
  init?(opening path: String?, _ geometry: PageGeometry) throws(VmcoreError) {
    guard let path else { return nil }
    try self.init(PageSumsReader(opening: path, geometry))
  }

  /// What the manifest says of the dump that it was made of, a line each.
  public var headerLines: [String] { manifest.headerLines }

  /// What it says at its end; known when all was compared.
  public var totals: PageSums.Totals? { manifest.totals }

  /// Compares the next stretch of the dump's frames.
  public mutating func add(_ block: PageSumBlock) throws(VmcoreError) {
    try add(block) { _, _ in }
  }

  /// Compares the next stretch of the dump's frames.
  ///
  /// - Parameter tell: called with each frame that both have, and whether its pages are the same.
  mutating func add(_ block: PageSumBlock, tell: (PFN, _ isSame: Bool) -> Void) throws(VmcoreError) {
    while hasBlock, manifest.current.number < block.number { try skip() }
    if hasBlock, manifest.current.number == block.number {
      compare(block, other: manifest.current, tell)
      hasBlock = try manifest.next()
    } else {
      onlyInDump += block.pageCount
    }
  }

  /// Counts what the manifest has behind the dump's last frame, up to its end.
  public mutating func finish() throws(VmcoreError) {
    while hasBlock { try skip() }
  }

  private mutating func skip() throws(VmcoreError) {
    onlyInManifest += manifest.current.pageCount
    zerosOnlyInManifest += manifest.current.zeroPageCount
    hasBlock = try manifest.next()
  }

  private mutating func compare(
    _ block: PageSumBlock, other: PageSumBlock, _ tell: (PFN, _ isSame: Bool) -> Void
  ) {
    var same: UInt64 = 0
    var changed: [PFN] = []
    var added: UInt64 = 0
    var absent: UInt64 = 0
    var absentZeros: UInt64 = 0
    block.compare(other) { pfn, difference in
      switch difference {
      case .none:
        same += 1
        tell(pfn, true)
      case .content:
        changed.append(pfn)
        tell(pfn, false)
      case .onlyFirst: added += 1
      case .onlySecond(let isZero):
        absent += 1
        if isZero { absentZeros += 1 }
      }
    }
    equal += same
    different += UInt64(changed.count)
    firstDifferent += changed.prefix(Self.mostDifferent - firstDifferent.count)
    onlyInDump += added
    onlyInManifest += absent
    zerosOnlyInManifest += absentZeros
  }
}
