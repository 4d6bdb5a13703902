internal import Platform

/// A few windows onto the vmcore's file, the least recently used of which makes room for the next.
struct FileWindows: ~Copyable {
  /// How the file will be read, which decides how much is taken at once.
  enum Access {
    /// In rising order: pages for the dump, the mem_map.
    case sequential
    /// Here and there: page tables, strings.
    case scattered
  }

  private let memory: PhysicalMemory
  private let windows: [FileWindow]
  private let mappedSize: UInt64
  private let readSize: UInt64
  private var maps: Bool
  private var uses: UInt64 = 0
  private var latest: FileWindow

  private static let page: UInt64 = 4096

  init(_ memory: PhysicalMemory, _ access: Access) throws(SystemError) {
    self.memory = memory
    maps = memory.prefersMapping
    switch access {
    case .sequential:
      mappedSize = 4 << 20
      readSize = 256 << 10
      // A page may lie across the border of two.
      windows = [try FileWindow(readSize: Int(readSize)), try FileWindow(readSize: Int(readSize))]
    case .scattered:
      mappedSize = 64 << 10
      readSize = Self.page
      // Four or five page tables, and what they lead to.
      var windows: [FileWindow] = []
      for _ in 0..<8 { windows.append(try FileWindow(readSize: Int(readSize))) }
      self.windows = windows
    }
    latest = windows[0]
  }

  /// The window that shows a byte of the file.
  ///
  /// - Throws: the error of reading just the page of that byte; nothing is given up because its
  ///   neighbourhood cannot be read.
  @inline(__always)
  mutating func window(at offset: UInt64) throws(SystemError) -> FileWindow {
    if latest.range.contains(offset) { return latest }
    return try find(offset)
  }

  private mutating func find(_ offset: UInt64) throws(SystemError) -> FileWindow {
    uses += 1
    var oldest = windows[0]
    for window in windows {
      if window.range.contains(offset) {
        window.lastUse = uses
        latest = window
        return window
      }
      if window.lastUse < oldest.lastUse { oldest = window }
    }
    try show(offset, in: oldest)
    oldest.lastUse = uses
    latest = oldest
    return oldest
  }

  private mutating func show(_ offset: UInt64, in window: FileWindow) throws(SystemError) {
    if maps {
      do throws(SystemError) {
        try window.map(memory.core.file, range(around: offset, size: mappedSize))
        return
      } catch {
        // A bad spot is passed by reading around it; a file that cannot be mapped at all never will be.
        if error.code != .inputOutput && error.code != .badAddress { maps = false }
      }
    }
    do throws(SystemError) {
      try window.read(memory.core.file, range(around: offset, size: readSize))
      if window.range.contains(offset) { return }
    } catch {
      if readSize == Self.page { throw error }
    }
    try window.read(memory.core.file, range(around: offset, size: Self.page))
    guard window.range.contains(offset) else {
      throw SystemError("pread", memory.core.file.path, .badAddress)
    }
  }

  private func range(around offset: UInt64, size: UInt64) -> Range<UInt64> {
    let start = offset / size * size
    return start..<max(min(start + size, memory.core.fileSize), start + 1)
  }
}
