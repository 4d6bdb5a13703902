internal import Platform

/// Reads a manifest from one end to the other, a block at a time.
public struct PageSumsReader: ~Copyable {
  private let file: InputFile
  private var window: ReadAhead
  private var offset: UInt64 = 0
  private var block = PageSumBlock()
  private var lastNumber: UInt64?
  private var digest = SHA256()
  private var counted = PageSums.Totals()
  /// What the manifest says of the dump that it was made of, a line each.
  public private(set) var headerLines: [String] = []
  /// What it says at its end; nil until that was read.
  public private(set) var totals: PageSums.Totals?

  private static let windowSize = 256 << 10

  /// - Throws: ``VmcoreError/foreign(path:_:)`` for another kind of file, or of pages of another size.
  public init(opening path: String, _ geometry: PageGeometry) throws(VmcoreError) {
    let file = try InputFile(opening: path)
    var window: ReadAhead
    do throws(SystemError) { window = try ReadAhead(byteCount: Self.windowSize) } catch {
      throw .system(error)
    }
    let count = min(file.size, UInt64(PageSums.mostText))
    let isThere: Bool
    do throws(SystemError) { isThere = try window.show(0..<count, of: file) } catch { throw .system(error) }
    let text = isThere ? Self.text(window.bytes(0..<count)) : nil
    guard let text, text.utf8.starts(with: PageSums.signature.utf8) else {
      throw .foreign(path: path, "not a manifest of page sums, which begins with `\(PageSums.signature)'")
    }
    let lines = text.split(separator: "\n").map { String($0) }
    guard lines.contains("page size: \(geometry.size)") else {
      throw .foreign(path: path, "a manifest of pages of another size than \(geometry.size) bytes")
    }
    headerLines = lines
    offset = UInt64(text.utf8.count) + 1
    self.window = window
    self.file = file
  }

  /// The text up to the empty line, without it; nil where there is none.
  private static func text(_ bytes: RawSpan) -> String? {
    for index in 1..<max(bytes.byteCount, 1)
    where bytes.littleEndian(at: index, as: UInt8.self) == 10
      && bytes.littleEndian(at: index - 1, as: UInt8.self) == 10
    {
      return bytes.text(in: 0..<index)
    }
    return nil
  }

  /// Moves on to the next block, which ``current`` is then.
  ///
  /// - Returns: false at the end, when all that was read is as it was written.
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` where the manifest is cut or damaged.
  mutating func next() throws(VmcoreError) -> Bool {
    let number = try bytes(8)
    if unsafe number.span.bytes.word(0) == PageSums.endNumber {
      try readEnd()
      return false
    }
    let head = number + (try bytes(PageSums.headSize - 8, after: 8))
    guard let byteCount = block.decodeHead(head), lastNumber.map({ $0 < block.number }) ?? true else {
      throw malformed("there is no block of sums")
    }
    let hashes = try bytes(byteCount, after: PageSums.headSize)
    unsafe digest.update(head.span.bytes)
    unsafe digest.update(hashes.span.bytes)
    block.take(hashes: hashes)
    lastNumber = block.number
    counted.pages += block.pageCount
    counted.zeroPages += block.zeroPageCount
    offset += UInt64(head.count + byteCount)
    return true
  }

  /// The block that ``next()`` came to.
  var current: PageSumBlock { block }

  private mutating func readEnd() throws(VmcoreError) {
    let end = try bytes(PageSums.endSize)
    var found = PageSums.Totals()
    unsafe found.pages = end.span.bytes.word(1)
    unsafe found.zeroPages = end.span.bytes.word(2)
    unsafe found.lostPages = end.span.bytes.word(3)
    found.digest = Array(end[32...])
    digest.finish(appendingTo: &counted.digest)
    counted.lostPages = found.lostPages
    guard counted == found else { throw malformed("its blocks are not those that its own sum is of") }
    totals = found
  }

  /// Copies bytes of the manifest, few at a time.
  private mutating func bytes(_ count: Int, after start: Int = 0) throws(VmcoreError) -> [UInt8] {
    let range = offset + UInt64(start)..<offset + UInt64(start + count)
    let isThere: Bool
    do throws(SystemError) { isThere = try window.show(range, of: file) } catch { throw .system(error) }
    guard isThere else { throw malformed("it was cut: it has no end") }
    return unsafe window.bytes(range).withUnsafeBytes { unsafe Array($0) }
  }

  private func malformed(_ what: String) -> VmcoreError {
    .malformed(path: file.path, at: FileOffset(offset), what)
  }
}
