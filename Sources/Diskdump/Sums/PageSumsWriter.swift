public import DumpMemory
public import Platform

/// Writes a manifest of page sums, a block at a time; see ``PageSums``.
public struct PageSumsWriter: ~Copyable {
  private let file: ReplacementFile
  private var bytes: [UInt8] = []
  private var offset: UInt64 = 0
  private var digest = SHA256()
  private var totals = PageSums.Totals()

  /// Bytes that are written together.
  private static let pieceSize = 256 << 10

  /// - Parameters:
  ///   - path: appears when the manifest is whole.
  ///   - lines: what it is to say of the dump.
  public init(
    _ path: String, replacing: Bool, geometry: PageGeometry, lines: [String]
  ) throws(SystemError) {
    file = try ReplacementFile(path, replacing: replacing)
    bytes = Array(PageSums.text(geometry, lines: lines).utf8)
  }

  public mutating func add(_ block: PageSumBlock) throws(SystemError) {
    if block.isEmpty { return }
    block.encode(into: &bytes, &digest)
    totals.pages += block.pageCount
    totals.zeroPages += block.zeroPageCount
    if bytes.count >= Self.pieceSize { try flush() }
  }

  /// Writes the end, and gives the file its name.
  ///
  /// - Parameter lostPages: pages that the dump should have had.
  public consuming func finish(lostPages: UInt64) throws(SystemError) -> PageSums.Totals {
    totals.lostPages = lostPages
    // Swift 6.2 takes two properties of what is consumed for one.
    var sum = totals.digest
    digest.finish(appendingTo: &sum)
    totals.digest = sum
    totals.encode(into: &bytes)
    try flush()
    let result = totals
    try file.commit()
    return result
  }

  private mutating func flush() throws(SystemError) {
    try unsafe file.file.write(bytes.span.bytes, at: FileOffset(offset))
    offset += UInt64(bytes.count)
    bytes.removeAll(keepingCapacity: true)
  }
}
