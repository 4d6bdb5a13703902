internal import Platform

/// A stretch of the vmcore's file in this process's memory: mapped, or read into a buffer.
struct FileWindow: ~Copyable {
  /// Bytes of the file that the window shows.
  private(set) var range: Range<UInt64> = 0..<0
  /// When the window was last asked for, in a count of its owner's.
  var lastUse: UInt64 = 0
  private var mapping: FileMapping?
  private var buffer: MappedBuffer
  private var hasZerosOnly = true

  /// - Parameter readSize: the longest stretch that will be read rather than mapped; untouched until then.
  init(readSize: Int) throws(SystemError) {
    buffer = try MappedBuffer(byteCount: readSize)
  }

  /// Shows a stretch by mapping it.
  mutating func map(_ file: InputFile, range: Range<UInt64>) throws(SystemError) {
    close()
    mapping = try file.map(range)
    self.range = range
  }

  /// Why a part cannot be read, where it is mapped; it must lie inside ``range``.
  @inline(__always)
  func fault(in part: Range<UInt64>) -> FileMapping.Fault? {
    switch mapping {
    case .some(let mapping): return mapping.fault(in: local(part))
    case .none: return nil
    }
  }

  /// Shows a stretch by reading it; the window is shorter where the file ends before.
  mutating func read(_ file: InputFile, _ range: Range<UInt64>) throws(SystemError) {
    close()
    hasZerosOnly = false
    var bytes = buffer.mutableBytes(in: 0..<range.count)
    let count = try file.read(into: &bytes, at: FileOffset(range.lowerBound))
    self.range = range.lowerBound..<range.lowerBound + UInt64(count)
  }

  /// Shows a stretch that is known to be all zeros, without reading it.
  mutating func showZeros(_ range: Range<UInt64>) {
    close()
    if !hasZerosOnly {
      var bytes = buffer.mutableBytes
      bytes.zero()
      hasZerosOnly = true
    }
    self.range = range
  }

  /// Shows nothing any more.
  mutating func close() {
    range = 0..<0
    mapping = nil
  }

  /// Lends a part of the window; it must lie inside ``range``.
  @inline(__always)
  func withBytes<Result>(_ part: Range<UInt64>, _ body: (RawSpan) -> Result) -> Result {
    switch mapping {
    case .some(let mapping): return body(mapping.bytes.extracting(local(part)))
    case .none: return body(buffer.bytes.extracting(local(part)))
    }
  }

  @inline(__always)
  private func local(_ part: Range<UInt64>) -> Range<Int> {
    Int(part.lowerBound - range.lowerBound)..<Int(part.upperBound - range.lowerBound)
  }
}
