public import Platform

/// One thread's way of reading physical memory: whole pages in rising order, or words here and there.
public struct MemoryReader: ~Copyable {
  private var segments: SegmentReader
  /// Holds what does not lie together in one window: a page of several pieces, a word across two.
  private var assembled: PageBuffer
  private let geometry: PageGeometry

  /// For pages in rising order.
  public static func sequential(_ memory: PhysicalMemory) throws(SystemError) -> MemoryReader {
    try MemoryReader(memory, .sequential)
  }

  /// For single words and tables.
  public static func scattered(_ memory: PhysicalMemory) throws(SystemError) -> MemoryReader {
    try MemoryReader(memory, .scattered)
  }

  private init(_ memory: PhysicalMemory, _ access: FileWindows.Access) throws(SystemError) {
    let assembled = try PageBuffer(byteCount: memory.geometry.size)
    let segments = try SegmentReader(memory, access)
    self.assembled = assembled
    self.segments = segments
    geometry = memory.geometry
  }

  /// Lends a page's bytes.
  ///
  /// A page that a PT_LOAD covers in part is put together from its pieces; the rest, which is in no PT_LOAD,
  /// reads as zeros.
  ///
  /// - Throws: ``MemoryError/hole(_:)`` if no PT_LOAD touches the page, ``MemoryError/notInFile(_:)`` if
  ///   any byte that a PT_LOAD covers is missing from the file, ``MemoryError/unreadable(_:_:)``.
  public mutating func withPage<Result>(
    _ pfn: PFN, _ body: (RawSpan) -> Result
  ) throws(MemoryError) -> Result {
    let start = geometry.address(of: pfn)
    if let place = try segments.showTogether(start, byteCount: geometry.size) {
      return segments.withBytes(place, body)
    }
    try Self.assemble(start.rawValue..<start.rawValue + UInt64(geometry.size), from: &segments, in: &assembled)
    return body(assembled.bytes)
  }

  /// Copies memory; every byte must be there.
  public mutating func read(
    _ address: PhysicalAddress, into bytes: inout MutableRawSpan
  ) throws(MemoryError) {
    try segments.read(address, into: &bytes)
  }

  /// A little-endian word of 8 bytes.
  public mutating func word(_ address: PhysicalAddress) throws(MemoryError) -> UInt64 {
    if let place = try segments.showTogether(address, byteCount: 8) {
      return segments.withBytes(place) { $0.littleEndian(at: 0) ?? 0 }
    }
    try Self.copy(address, from: &segments, to: 0..<8, of: &assembled)
    return assembled.bytes.littleEndian(at: 0) ?? 0
  }

  private static func assemble(
    _ range: Range<UInt64>, from segments: inout SegmentReader, in page: inout PageBuffer
  ) throws(MemoryError) {
    var bytes = page.mutableBytes
    bytes.zero()
    var at = range.lowerBound
    while let piece = segments.nextPiece(from: at, to: range.upperBound) {
      let place = Int(piece.lowerBound - range.lowerBound)
      try copy(
        PhysicalAddress(piece.lowerBound), from: &segments, to: place..<place + piece.count, of: &page)
      at = piece.upperBound
    }
    if at == range.lowerBound { throw .hole(PhysicalAddress(at)) }
  }

  private static func copy(
    _ address: PhysicalAddress, from segments: inout SegmentReader, to range: Range<Int>,
    of page: inout PageBuffer
  ) throws(MemoryError) {
    var bytes = page.mutableBytes(in: range)
    try segments.read(address, into: &bytes)
  }
}
