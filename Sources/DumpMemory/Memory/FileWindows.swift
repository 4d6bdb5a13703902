internal import Platform

/// A few windows onto the vmcore's file, the least recently used of which makes room for the next.
///
/// A page that cannot be read in one way is tried in the other before it is an error. Each fails where the other
/// works: in the capture kernel, memory that was hot-added can be mapped and not read (`ioremap` refuses what is
/// RAM there, EFAULT), and memory that a driver uses in another caching mode can be read and not mapped (EAGAIN).
struct FileWindows: ~Copyable {
  private let memory: ELFMemory
  /// Four or five page tables, and what they lead to.
  private var windows: [8 of FileWindow]
  /// How many of them are used. Pages in rising order need two: one may lie across a border.
  private let count: Int
  private let mappedSize: UInt64
  private let readSize: UInt64
  /// Whether mapping is tried before reading.
  private var mapsFirst: Bool
  /// The last stretch that could not be mapped in one piece, and how many there were since one could.
  private var unmapped: Range<UInt64> = 0..<0
  private var failures = 0
  /// Where the file may be sparse: the hole that was found last, and the data behind it.
  private let mayHaveHoles: Bool
  private var hole: Range<UInt64> = 0..<0
  private var data: Range<UInt64> = 0..<0
  /// Where the bytes end that will be asked for, if that is known: others may be reading what follows.
  private var wantedEnd: UInt64?
  private var uses: UInt64 = 0
  private var latest = 0

  /// What is mapped or read for a byte that stands alone: a page of this machine.
  private let hostPage = FileMapping.alignment
  private static let mostFailures = 16

  init(_ memory: ELFMemory, access: MemoryAccess) throws(SystemError) {
    let readSize: UInt64
    switch access {
    case .sequential:
      count = 2
      mappedSize = 4 << 20
      // All of it is read for a page that stands alone.
      readSize = 128 << 10
    case .scattered:
      count = 8
      mappedSize = 64 << 10
      readSize = hostPage
    }
    windows = try InlineArray { (_) throws(SystemError) in try FileWindow(readSize: Int(readSize)) }
    self.readSize = readSize
    self.memory = memory
    let file = memory.core.file
    mayHaveHoles = file.isStored && file.heldSize < file.size
    mapsFirst = memory.prefersMapping && (access == .scattered || !memory.core.file.isStored)
  }

  /// Makes bytes of the file visible.
  ///
  /// - Parameter byteCount: how many are wanted from there on.
  /// - Returns: how far on the file can be seen, which may be less.
  /// - Throws: the error of reading just the page of the first byte; nothing is given up because its
  ///   neighbourhood cannot be read.
  @inline(__always)
  mutating func show(_ offset: UInt64, byteCount: Int) throws(SystemError) -> UInt64 {
    if !windows[latest].range.contains(offset) { latest = try find(offset) }
    let end = windows[latest].range.upperBound
    let fault = windows[latest].fault(in: offset..<min(end, offset + UInt64(byteCount)))
    guard let fault else { return end }
    return try replace(latest, with: offset, after: fault)
  }

  /// Says where the bytes end that will be asked for next, in rising order: a window that is read begins with the first that
  /// is asked for, and ends there.
  mutating func expect(upTo end: UInt64?) { wantedEnd = end }

  /// Lends bytes of the window that was shown last. Mutating, as else all windows are copied for it (Swift 6.3, `InlineArray`).
  @inline(__always)
  mutating func withBytes<Result>(_ part: Range<UInt64>, _ body: (RawSpan) -> Result) -> Result {
    windows[latest].withBytes(part, body)
  }

  private mutating func find(_ offset: UInt64) throws(SystemError) -> Int {
    uses += 1
    var oldest = 0
    for index in 0..<count {
      if windows[index].range.contains(offset) {
        windows[index].lastUse = uses
        return index
      }
      if windows[index].lastUse < windows[oldest].lastUse { oldest = index }
    }
    try open(offset, in: oldest)
    windows[oldest].lastUse = uses
    return oldest
  }

  private mutating func open(_ offset: UInt64, in index: Int) throws(SystemError) {
    if mayHaveHoles {
      let stretch = stretch(around: offset, size: readSize)
      if isHole(stretch) { return windows[index].showZeros(stretch) }
    }
    if mapsFirst, !unmapped.contains(offset) {
      let range = memory.mappable(stretch(around: offset, size: mappedSize), around: offset)
      do throws(SystemError) {
        try windows[index].map(memory.core.file, range: range)
        failures = 0
        return
      } catch {
        unmapped = range
        failures += 1
        // A bad spot is passed by; what cannot be mapped at all is found out soon.
        let isSpot = !memory.core.file.isStored || error.code == .inputOutput || error.code == .badAddress
        if !isSpot || failures == Self.mostFailures { mapsFirst = false }
      }
    }
    do throws(SystemError) {
      try windows[index].read(memory.core.file, wantedStretch(around: offset))
      if windows[index].range.contains(offset) { return }
    } catch {
      if readSize == hostPage { return try mapPage(offset, in: index, after: error) }
    }
    do throws(SystemError) { try readPage(offset, in: index) } catch {
      try mapPage(offset, in: index, after: error)
    }
  }

  /// Whether a stretch is a hole of the file, which may be terabytes long: it is found once, and not read.
  private mutating func isHole(_ stretch: Range<UInt64>) -> Bool {
    if data.contains(stretch.lowerBound) { return false }
    if !hole.contains(stretch.lowerBound) {
      let rest = stretch.lowerBound..<memory.core.fileSize
      data = memory.core.file.nextData(in: rest)
      hole = rest.lowerBound..<data.lowerBound
    }
    return hole.upperBound >= stretch.upperBound
  }

  private mutating func readPage(_ offset: UInt64, in index: Int) throws(SystemError) {
    try windows[index].read(memory.core.file, stretch(around: offset, size: hostPage))
    guard windows[index].range.contains(offset) else {
      throw SystemError("pread", subject: memory.core.file.path, code: .badAddress)
    }
  }

  /// The other way, for a page that cannot be read.
  ///
  /// - Throws: the error of reading, which says more.
  private mutating func mapPage(
    _ offset: UInt64, in index: Int, after error: SystemError
  ) throws(SystemError) {
    guard memory.prefersMapping else { throw error }
    let page = stretch(around: offset, size: hostPage)
    do throws(SystemError) { try windows[index].map(memory.core.file, range: page) } catch
    { /* thrown below */  }
    guard windows[index].range.contains(offset), windows[index].fault(in: page) == nil else {
      windows[index].close()
      throw error
    }
  }

  /// Shows just the page of a byte instead of a window that has a page which failed: that one, or one behind it.
  private mutating func replace(
    _ index: Int, with offset: UInt64, after fault: FileMapping.Fault
  ) throws(SystemError) -> UInt64 {
    let page = stretch(around: offset, size: hostPage)
    do throws(SystemError) { try windows[index].map(memory.core.file, range: page) } catch { /* read below */
    }
    if windows[index].range.contains(offset) {
      guard let fault = windows[index].fault(in: page) else { return page.upperBound }
      windows[index].close()
      // Reading it would be the end of the capture kernel.
      if fault == .hardware {
        throw SystemError("mmap", subject: memory.core.file.path, code: .hardwareFailure)
      }
    }
    try readPage(offset, in: index)
    return windows[index].range.upperBound
  }

  /// What is read at once for a byte.
  private func wantedStretch(around offset: UInt64) -> Range<UInt64> {
    guard let wantedEnd, wantedEnd > offset else { return stretch(around: offset, size: readSize) }
    let start = offset / hostPage * hostPage
    return start..<max(min(start + readSize, wantedEnd, memory.core.fileSize), start + 1)
  }

  /// The stretch of a size that has a byte, as far as it lies in the file.
  private func stretch(around offset: UInt64, size: UInt64) -> Range<UInt64> {
    let start = offset / size * size
    return start..<max(min(start + size, memory.core.fileSize), start + 1)
  }
}
