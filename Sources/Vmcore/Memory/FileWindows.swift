internal import Platform

/// A few windows onto the vmcore's file, the least recently used of which makes room for the next.
struct FileWindows: ~Copyable {
  private let memory: ELFMemory
  /// Four or five page tables, and what they lead to.
  private var windows: [8 of FileWindow]
  /// How many of them are used. Pages in rising order need two: one may lie across a border.
  private let count: Int
  private let mappedSize: UInt64
  private let readSize: UInt64
  private var maps: Bool
  private var uses: UInt64 = 0
  private var latest = 0

  private static let page: UInt64 = 4096

  init(_ memory: ELFMemory, _ access: MemoryAccess) throws(SystemError) {
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
      readSize = Self.page
    }
    windows = try InlineArray { (_) throws(SystemError) in try FileWindow(readSize: Int(readSize)) }
    self.readSize = readSize
    self.memory = memory
    maps = memory.prefersMapping && (access == .scattered || !memory.core.file.isStored)
  }

  /// Makes a byte of the file visible.
  ///
  /// - Returns: how far on the file can be seen from there.
  /// - Throws: the error of reading just the page of that byte; nothing is given up because its
  ///   neighbourhood cannot be read.
  @inline(__always)
  mutating func show(_ offset: UInt64) throws(SystemError) -> UInt64 {
    if !windows[latest].range.contains(offset) { latest = try find(offset) }
    return windows[latest].range.upperBound
  }

  /// Lends bytes of the window that was shown last.
  @inline(__always)
  func withBytes<Result>(_ part: Range<UInt64>, _ body: (RawSpan) -> Result) -> Result {
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
    if maps {
      do throws(SystemError) {
        try windows[index].map(memory.core.file, range(around: offset, size: mappedSize))
        return
      } catch {
        // A bad spot is passed by reading around it; a file that cannot be mapped at all never will be.
        if error.code != .inputOutput && error.code != .badAddress { maps = false }
      }
    }
    do throws(SystemError) {
      try windows[index].read(memory.core.file, range(around: offset, size: readSize))
      if windows[index].range.contains(offset) { return }
    } catch {
      if readSize == Self.page { throw error }
    }
    try windows[index].read(memory.core.file, range(around: offset, size: Self.page))
    guard windows[index].range.contains(offset) else {
      throw SystemError("pread", memory.core.file.path, .badAddress)
    }
  }

  private func range(around offset: UInt64, size: UInt64) -> Range<UInt64> {
    let start = offset / size * size
    return start..<max(min(start + size, memory.core.fileSize), start + 1)
  }
}
