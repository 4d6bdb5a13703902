internal import PageCompression
internal import Platform

/// One thread's way to the pages of a kdump-compressed dump.
///
/// A page's descriptor has the number of the frames below it in the second bitmap: the chunk's, which is in
/// memory, and those of the chunk, which are counted once when the reader comes to it.
struct KdumpPages: ~Copyable {
  private let dump: KdumpFile
  /// What counts instead of a page's descriptor.
  private let recovered: RecoveredPages
  private var decompressor: PageDecompressor
  private var chunk: KdumpChunk
  private var descriptors: ReadAhead
  /// Pages lie one behind the other in the order of their frames ..
  private var data: ReadAhead
  /// .. except the one that all pages of zeros share, and those that were written first.
  private var shared: ReadAhead
  /// What a page that is copied as it is stored comes to.
  private var decoded: MappedBuffer

  init(
    _ dump: KdumpFile, access: MemoryAccess, recovered: RecoveredPages = RecoveredPages()
  ) throws(SystemError) {
    let ahead = access == .sequential ? 64 << 10 : 0
    let chunk = try KdumpChunk()
    let descriptors = try ReadAhead(byteCount: max(ahead, 128 * PageDescriptor.byteCount))
    let data = try ReadAhead(byteCount: max(ahead, dump.pageSize))
    let shared = try ReadAhead(byteCount: dump.pageSize)
    let decoded = try MappedBuffer(byteCount: dump.pageSize)
    let decompressor: PageDecompressor
    do throws(CompressionError) { decompressor = try PageDecompressor() } catch {
      throw error.systemError
    }
    self.decompressor = decompressor
    self.chunk = chunk
    self.descriptors = descriptors
    self.data = data
    self.shared = shared
    self.decoded = decoded
    self.recovered = recovered
    self.dump = dump
  }

  mutating func read(_ pfn: PFN, into page: inout MutableRawSpan) throws(VmcoreError) {
    let descriptor = try descriptor(of: pfn)
    guard let codec = Codec(descriptor.flags) else {
      throw .damaged(address(pfn), reason: "page_desc.flags is \(descriptor.flags.rawValue)")
    }
    try show(descriptor, pfn: pfn)
    guard decompress(descriptor, codec: codec, into: &page) else {
      throw noPage(descriptor, codec: codec, pfn: pfn)
    }
  }

  mutating func readStored(
    _ pfn: PFN, as flags: UInt32, into bytes: inout MutableRawSpan
  ) throws(VmcoreError) -> StoredBytes? {
    let descriptor = try descriptor(of: pfn)
    // A raw page is one that the compressor which the dump was made with could not make smaller.
    let isAsWanted =
      (descriptor.flags.rawValue == flags && descriptor.size < dump.headers.blockSize)
      || (descriptor.flags == .raw && dump.headers.header.status.rawValue & flags != 0)
    guard isAsWanted, let codec = Codec(descriptor.flags) else { return nil }
    try show(descriptor, pfn: pfn)
    // A page that nobody can decode would else go from dump to dump unnoticed.
    guard codec == .none || decodes(descriptor, codec: codec) else {
      throw noPage(descriptor, codec: codec, pfn: pfn)
    }
    copy(descriptor, into: &bytes)
    return StoredBytes(byteCount: Int(descriptor.size), flags: descriptor.flags.rawValue)
  }

  /// Where a page's bytes are: inside the file, and of a size that its flags allow.
  private mutating func descriptor(of pfn: PFN) throws(VmcoreError) -> PageDescriptor {
    if let descriptor = recovered.descriptor(of: pfn) { return descriptor }
    let found: PageDescriptor?
    do throws(SystemError) {
      found = try dump.descriptor(of: pfn, chunk: &chunk, window: &descriptors)
    } catch { throw .unreadable(address(pfn), error) }
    return try dump.stored(found, of: pfn)
  }

  private func isShared(_ descriptor: PageDescriptor) -> Bool { descriptor.offset < data.range.lowerBound }

  private mutating func show(_ descriptor: PageDescriptor, pfn: PFN) throws(VmcoreError) {
    let isThere: Bool
    do throws(SystemError) {
      if isShared(descriptor) {
        isThere = try shared.show(descriptor.range, of: dump.file)
      } else {
        isThere = try data.show(descriptor.range, of: dump.file)
      }
    } catch { throw .unreadable(address(pfn), error) }
    guard isThere else { throw .notInFile(address(pfn)) }
  }

  private func noPage(_ descriptor: PageDescriptor, codec: Codec, pfn: PFN) -> VmcoreError {
    .damaged(address(pfn), reason: "\(descriptor.size) bytes of \(codec.name) do not make a page")
  }

  private mutating func decodes(_ descriptor: PageDescriptor, codec: Codec) -> Bool {
    if isShared(descriptor) {
      return Self.decodes(descriptor, codec: codec, window: shared, decompressor: &decompressor, in: &decoded)
    }
    return Self.decodes(descriptor, codec: codec, window: data, decompressor: &decompressor, in: &decoded)
  }

  private static func decodes(
    _ descriptor: PageDescriptor, codec: Codec, window: borrowing ReadAhead,
    decompressor: inout PageDecompressor, in buffer: inout MappedBuffer
  ) -> Bool {
    var page = buffer.mutableBytes
    return decompress(descriptor, codec: codec, window: window, decompressor: &decompressor, into: &page)
  }

  private mutating func decompress(
    _ descriptor: PageDescriptor, codec: Codec, into page: inout MutableRawSpan
  ) -> Bool {
    if isShared(descriptor) {
      return Self.decompress(
        descriptor, codec: codec, window: shared, decompressor: &decompressor, into: &page)
    }
    return Self.decompress(descriptor, codec: codec, window: data, decompressor: &decompressor, into: &page)
  }

  private static func decompress(
    _ descriptor: PageDescriptor, codec: Codec, window: borrowing ReadAhead,
    decompressor: inout PageDecompressor, into page: inout MutableRawSpan
  ) -> Bool {
    decompressor.decompress(window.bytes(descriptor.range), codec: codec, into: &page)
  }

  private func copy(_ descriptor: PageDescriptor, into bytes: inout MutableRawSpan) {
    if isShared(descriptor) {
      bytes.copy(shared.bytes(descriptor.range), at: 0)
    } else {
      bytes.copy(data.bytes(descriptor.range), at: 0)
    }
  }

  private func address(_ pfn: PFN) -> PhysicalAddress { dump.address(of: pfn) }
}

extension PageDescriptor {
  /// The bytes in the file; ``KdumpFile/state(of:)`` has checked that they have an end.
  package var range: Range<UInt64> { offset..<offset + UInt64(size) }
}
