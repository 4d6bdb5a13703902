internal import Platform

/// Finds physical addresses in the file and shows the file there, remembering where it was last.
struct SegmentReader: ~Copyable {
  private let extents: [MemorySegments.Extent]
  private let segments: MemorySegments
  private var windows: FileWindows
  private var latest = 0
  /// Where the memory ends that will be asked for; 0 where nobody said.
  private var expected: UInt64 = 0

  init(_ memory: ELFMemory, access: MemoryAccess) throws(SystemError) {
    let windows = try FileWindows(memory, access: access)
    self.windows = windows
    segments = memory.segments
    extents = memory.segments.extents
  }

  /// Shows a stretch and returns where in the file it is; nil if no single window shows all of it.
  @inline(__always)
  mutating func showTogether(
    _ address: PhysicalAddress, byteCount: Int
  ) throws(VmcoreError) -> Range<UInt64>? {
    let index = extent(endingAfter: address.rawValue)
    guard index < extents.count else { return nil }
    let extent = extents[index]
    guard extent.start <= address.rawValue, extent.end - address.rawValue >= UInt64(byteCount),
      let fileOffset = extent.fileOffset
    else { return nil }
    let offset = fileOffset + (address.rawValue - extent.start)
    guard try show(offset, byteCount: byteCount, for: address) - offset >= UInt64(byteCount) else {
      return nil
    }
    return offset..<offset + UInt64(byteCount)
  }

  /// Says where the memory ends that will be asked for next, in rising order.
  mutating func expect(upTo end: PhysicalAddress) {
    expected = end.rawValue
    expectInFile()
  }

  private mutating func expectInFile() {
    guard latest < extents.count, let fileOffset = extents[latest].fileOffset,
      expected > extents[latest].start
    else { return windows.expect(upTo: nil) }
    windows.expect(upTo: fileOffset + (min(expected, extents[latest].end) - extents[latest].start))
  }

  /// Lends what was shown last.
  @inline(__always)
  mutating func withBytes<Result>(_ part: Range<UInt64>, _ body: (RawSpan) -> Result) -> Result {
    windows.withBytes(part, body)
  }

  /// Copies memory, piece by piece; every byte must be there.
  mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) throws(VmcoreError) {
    var done = 0
    while done < bytes.byteCount {
      let at = address + done
      let index = extent(endingAfter: at.rawValue)
      guard index < extents.count, extents[index].start <= at.rawValue else { throw .hole(at) }
      guard let fileOffset = extents[index].fileOffset else { throw .notInFile(at) }
      let offset = fileOffset + (at.rawValue - extents[index].start)
      let wanted = min(UInt64(bytes.byteCount - done), extents[index].end - at.rawValue)
      let visible = try show(offset, byteCount: Int(wanted), for: at) - offset
      let count = min(wanted, visible)
      windows.withBytes(offset..<offset + count) { bytes.copy($0, at: done) }
      done += Int(count)
    }
  }

  /// The first stretch of one extent inside a range of addresses.
  mutating func nextPiece(from start: UInt64, to end: UInt64) -> Range<UInt64>? {
    let index = extent(endingAfter: start)
    guard start < end, index < extents.count, extents[index].start < end else { return nil }
    return max(extents[index].start, start)..<min(extents[index].end, end)
  }

  @inline(__always)
  private mutating func extent(endingAfter address: UInt64) -> Int {
    if latest < extents.count, extents[latest].start <= address, address < extents[latest].end {
      return latest
    }
    latest = segments.firstExtent(endingAfter: address)
    if expected > 0 { expectInFile() }
    return latest
  }

  @inline(__always)
  private mutating func show(
    _ offset: UInt64, byteCount: Int, for address: PhysicalAddress
  ) throws(VmcoreError) -> UInt64 {
    do throws(SystemError) { return try windows.show(offset, byteCount: byteCount) } catch {
      throw .unreadable(address, error)
    }
  }
}
