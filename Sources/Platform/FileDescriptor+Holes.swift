internal import CLinux

extension FileDescriptor {
  /// The first bytes in a range that are no hole: all of it, where the filesystem does not say; nothing at its end,
  /// where it is one hole. What lies behind the end of a file that has become shorter is none: who reads there has to be told.
  /// The corresponding C function is `lseek` with SEEK_DATA and SEEK_HOLE.
  public func nextData(in range: Range<UInt64>) -> Range<UInt64> {
    guard let from = Int64(exactly: range.lowerBound), !range.isEmpty else { return range }
    let data = clinux_next_data(descriptor, off_t(from))
    if data < 0 {
      let isNoData = Errno.current.rawValue == ENXIO
      let isHole = isNoData && ((try? size()) ?? 0) >= range.upperBound
      return (isHole ? range.upperBound : range.lowerBound)..<range.upperBound
    }
    let start = min(max(UInt64(data), range.lowerBound), range.upperBound)
    if start == range.upperBound { return start..<start }
    let hole = clinux_next_hole(descriptor, off_t(start))
    return start..<(hole > Int64(start) ? min(UInt64(hole), range.upperBound) : range.upperBound)
  }
}
