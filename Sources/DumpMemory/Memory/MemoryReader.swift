public import Platform

/// One thread's way of reading physical memory: whole pages in rising order, or words here and there.
///
/// What is read has gone through the memory's layers: nobody who reads has to know of them.
public struct MemoryReader: ~Copyable {
  private var source: SourceReader
  private let layers: [any PageLayer]
  /// A page on its way through the layers.
  private var layered: MappedBuffer
  private let geometry: PageGeometry

  /// For pages in rising order.
  public static func sequential(_ memory: PhysicalMemory) throws(SystemError) -> MemoryReader {
    try MemoryReader(memory, access: .sequential)
  }

  /// For single words and tables.
  public static func scattered(_ memory: PhysicalMemory) throws(SystemError) -> MemoryReader {
    try MemoryReader(memory, access: .scattered)
  }

  private init(_ memory: PhysicalMemory, access: MemoryAccess) throws(SystemError) {
    let layered = try MappedBuffer(byteCount: memory.geometry.size)
    let source = try SourceReader(memory, access: access)
    self.layered = layered
    self.source = source
    layers = memory.layers
    geometry = memory.geometry
  }

  /// Says which page is the last of those that will be asked for next, in rising order: nothing behind it is read on the
  /// way, which another thread reads.
  public mutating func expect(upTo last: PFN) { source.expect(upTo: last) }

  /// Lends a page's bytes.
  ///
  /// A page that a PT_LOAD covers in part is put together from its pieces; the rest, which is in no PT_LOAD,
  /// reads as zeros.
  ///
  /// - Throws: ``VmcoreError/hole(_:)`` if the machine had no such page, ``VmcoreError/notInFile(_:)`` if
  ///   any byte that it had is not in the dump, ``VmcoreError/unreadable(_:_:)``,
  ///   ``VmcoreError/damaged(_:reason:)``.
  public mutating func withPage<Result>(
    _ pfn: PFN, _ body: (RawSpan) -> Result
  ) throws(VmcoreError) -> Result {
    guard isChanged(pfn) else { return try source.withPage(pfn, body) }
    try Self.readThroughLayers(pfn, source: &source, layers: layers, into: &layered)
    return body(layered.bytes)
  }

  /// Lends memory that lies together and is as the source has it.
  ///
  /// - Returns: nil if it has to be copied with ``read(_:into:)``.
  public mutating func withStretch<Result>(
    _ address: PhysicalAddress, byteCount: Int, _ body: (RawSpan) -> Result
  ) throws(VmcoreError) -> Result? {
    layers.isEmpty ? try source.withStretch(address, byteCount: byteCount, body) : nil
  }

  /// Copies a page's bytes as the source stores them, where that is as a compressor would have left them.
  ///
  /// - Parameters:
  ///   - flags: the compressor's bit of `page_desc.flags`.
  ///   - bytes: at least a page.
  /// - Returns: nil if the page has to be read with ``withPage(_:_:)``.
  public mutating func readStored(
    _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) -> StoredBytes? {
    isChanged(pfn) ? nil : try source.readStored(pfn, as: flags, into: &bytes)
  }

  /// Copies memory; every byte must be there.
  public mutating func read(
    _ address: PhysicalAddress, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) {
    if layers.isEmpty { return try source.read(address, into: &bytes) }
    var done = 0
    while done < bytes.byteCount {
      let at = address + done
      let offset = geometry.offset(of: at)
      let count = min(bytes.byteCount - done, geometry.size - offset)
      if isChanged(geometry.pfn(of: at)) {
        try withPage(geometry.pfn(of: at)) { bytes.copy($0.extracting(offset..<offset + count), at: done) }
      } else {
        var piece = bytes.extractingPart(done..<done + count)
        try source.read(at, into: &piece)
      }
      done += count
    }
  }

  /// A little-endian word of 8 bytes; the address is a multiple of 8, or the word in one page.
  public mutating func word(_ address: PhysicalAddress) throws(VmcoreError) -> UInt64 {
    let pfn = geometry.pfn(of: address)
    guard isChanged(pfn) else { return try source.word(address) }
    let offset = geometry.offset(of: address)
    return try withPage(pfn) { $0.littleEndian(at: offset) ?? 0 }
  }

  @inline(__always)
  private func isChanged(_ pfn: PFN) -> Bool {
    layers.isEmpty ? false : layers.contains { $0.changes(pfn) }
  }

  private static func readThroughLayers(
    _ pfn: PFN, source: inout SourceReader, layers: [any PageLayer], into page: inout MappedBuffer
  ) throws(VmcoreError) {
    var bytes = page.mutableBytes
    try source.withPage(pfn) { bytes.copy($0, at: 0) }
    for layer in layers where layer.changes(pfn) { layer.apply(to: &bytes, pfn) }
  }
}
