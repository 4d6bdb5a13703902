internal import Platform

/// Reads what the dump's file holds, whatever its format, as it stands there.
struct SourceReader: ~Copyable {
  /// One of the two, as the memory's source is.
  private var segments: SegmentReader?
  private var pages: CachedPages?
  private let isPaged: Bool
  /// Holds what does not lie together in one window: a page of several pieces, a word across two.
  private var assembled: MappedBuffer
  private let geometry: PageGeometry

  init(_ memory: PhysicalMemory, access: MemoryAccess) throws(SystemError) {
    let assembled = try MappedBuffer(byteCount: memory.geometry.size)
    switch memory.source {
    case .elf(let memory):
      segments = try SegmentReader(memory, access: access)
      pages = nil
      isPaged = false
    case .pages(let store):
      segments = nil
      pages = try CachedPages(store, access: access)
      isPaged = true
    }
    self.assembled = assembled
    geometry = memory.geometry
  }

  /// Says which page is the last of those that will be asked for next, in rising order.
  mutating func expect(upTo last: PFN) {
    if isPaged { return }
    segments!.expect(upTo: geometry.address(of: last.advanced(by: 1)))
  }

  /// Lends a page's bytes.
  ///
  /// A page that a PT_LOAD covers in part is put together from its pieces; the rest, which is in no PT_LOAD,
  /// reads as zeros.
  ///
  /// - Throws: ``VmcoreError/hole(_:)`` if the machine had no such page, ``VmcoreError/notInFile(_:)`` if
  ///   any byte that it had is not in the dump, ``VmcoreError/unreadable(_:_:)``,
  ///   ``VmcoreError/damaged(_:reason:)``.
  mutating func withPage<Result>(
    _ pfn: PFN, _ body: (RawSpan) -> Result
  ) throws(VmcoreError) -> Result {
    if isPaged {
      try pages!.show(pfn)
      return pages!.withBytes(0..<geometry.size, body)
    }
    let start = geometry.address(of: pfn)
    if let place = try segments!.showTogether(start, byteCount: geometry.size) {
      return segments!.withBytes(place, body)
    }
    let range = start.rawValue..<start.rawValue + UInt64(geometry.size)
    try Self.assemble(range, from: &segments!, in: &assembled)
    return body(assembled.bytes)
  }

  /// Lends memory that can be seen at once.
  ///
  /// - Returns: nil if it has to be copied with ``read(_:into:)``.
  mutating func withStretch<Result>(
    _ address: PhysicalAddress, byteCount: Int, _ body: (RawSpan) -> Result
  ) throws(VmcoreError) -> Result? {
    guard !isPaged, let place = try segments!.showTogether(address, byteCount: byteCount) else { return nil }
    return segments!.withBytes(place, body)
  }

  /// Copies a page's bytes as the source stores them, where that is as a compressor would have left them.
  ///
  /// - Parameters:
  ///   - flags: the compressor's bit of `page_desc.flags`.
  ///   - bytes: at least a page.
  /// - Returns: nil if the page has to be read with ``withPage(_:_:)``.
  mutating func readStored(
    _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) -> StoredBytes? {
    guard isPaged else { return nil }
    return try pages!.readStored(pfn, as: flags, into: &bytes)
  }

  /// Copies memory; every byte must be there.
  mutating func read(
    _ address: PhysicalAddress, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) {
    if isPaged {
      try Self.copy(address, from: &pages!, geometry: geometry, into: &bytes)
    } else {
      try segments!.read(address, into: &bytes)
    }
  }

  /// A little-endian word of 8 bytes.
  mutating func word(_ address: PhysicalAddress) throws(VmcoreError) -> UInt64 {
    if isPaged {
      let offset = geometry.offset(of: address)
      if offset <= geometry.size - 8 {
        try pages!.show(geometry.pfn(of: address))
        return pages!.withBytes(offset..<offset + 8) { $0.littleEndian(at: 0) ?? 0 }
      }
      try Self.copy(address, from: &pages!, geometry: geometry, toWordOf: &assembled)
    } else {
      if let place = try segments!.showTogether(address, byteCount: 8) {
        return segments!.withBytes(place) { $0.littleEndian(at: 0) ?? 0 }
      }
      try Self.copy(address, from: &segments!, to: 0..<8, of: &assembled)
    }
    return assembled.bytes.littleEndian(at: 0) ?? 0
  }

  private static func copy(
    _ address: PhysicalAddress, from pages: inout CachedPages, geometry: PageGeometry,
    into bytes: inout MutableRawSpan
  ) throws(VmcoreError) {
    var done = 0
    while done < bytes.byteCount {
      let at = address + done
      let offset = geometry.offset(of: at)
      let count = min(bytes.byteCount - done, geometry.size - offset)
      try pages.show(geometry.pfn(of: at))
      pages.withBytes(offset..<offset + count) { bytes.copy($0, at: done) }
      done += count
    }
  }

  private static func copy(
    _ address: PhysicalAddress, from pages: inout CachedPages, geometry: PageGeometry,
    toWordOf buffer: inout MappedBuffer
  ) throws(VmcoreError) {
    var bytes = buffer.mutableBytes(in: 0..<8)
    try copy(address, from: &pages, geometry: geometry, into: &bytes)
  }

  private static func assemble(
    _ range: Range<UInt64>, from segments: inout SegmentReader, in page: inout MappedBuffer
  ) throws(VmcoreError) {
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
    of page: inout MappedBuffer
  ) throws(VmcoreError) {
    var bytes = page.mutableBytes(in: range)
    try segments.read(address, into: &bytes)
  }
}
