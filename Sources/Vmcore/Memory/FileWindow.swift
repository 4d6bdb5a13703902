internal import Platform

/// A stretch of the vmcore's file in this process's memory: mapped, or read into a buffer.
struct FileWindow: ~Copyable {
  /// Bytes of the file that the window shows.
  private(set) var range: Range<UInt64> = 0..<0
  /// When the window was last asked for, in a count of its owner's.
  var lastUse: UInt64 = 0
  private var mapping: FileMapping?
  private var buffer: PageBuffer

  /// - Parameter readSize: the longest stretch that will be read rather than mapped; untouched until then.
  init(readSize: Int) throws(SystemError) {
    buffer = try PageBuffer(byteCount: readSize)
  }

  /// Shows a stretch by mapping it.
  mutating func map(_ file: borrowing InputFile, _ range: Range<UInt64>) throws(SystemError) {
    close()
    mapping = try file.map(range)
    self.range = range
  }

  /// Shows a stretch by reading it; the window is shorter where the file ends before.
  mutating func read(_ file: borrowing InputFile, _ range: Range<UInt64>) throws(SystemError) {
    close()
    var bytes = buffer.mutableBytes(in: 0..<range.count)
    let count = try file.read(into: &bytes, at: FileOffset(range.lowerBound))
    self.range = range.lowerBound..<range.lowerBound + UInt64(count)
  }

  private mutating func close() {
    range = 0..<0
    mapping = nil
  }

  /// Lends a part of the window; it must lie inside ``range``.
  @inline(__always)
  func withBytes<Result>(_ part: Range<UInt64>, _ body: (RawSpan) -> Result) -> Result {
    let local = Int(part.lowerBound - range.lowerBound)..<Int(part.upperBound - range.lowerBound)
    switch mapping {
    case .some(let mapping): return body(mapping.bytes.extracting(local))
    case .none: return body(buffer.bytes.extracting(local))
    }
  }
}
