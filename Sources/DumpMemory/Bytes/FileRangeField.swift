/// An offset and a size, by which a structure on disk names a part of its file.
package struct FileRangeField: Sendable {
  package static let byteCount = 16
  package var offset: Int { start.offset }
  private let start: Field<UInt64>
  private let size: Field<UInt64>

  package init(_ offset: Int) {
    start = Field(offset)
    size = Field(offset + 8)
  }

  /// Reads it; empty where the numbers make no range, or the offset is 0, which stands for "there is none".
  package func load(from bytes: RawSpan) -> Range<UInt64> {
    let first = start.load(from: bytes)
    let (end, overflow) = first.addingReportingOverflow(size.load(from: bytes))
    return first == 0 || overflow || end > UInt64(Int64.max) ? 0..<0 : first..<end
  }

  package func store(_ range: Range<UInt64>, in bytes: inout MutableRawSpan) {
    start.store(range.lowerBound, in: &bytes)
    size.store(UInt64(range.count), in: &bytes)
  }
}
