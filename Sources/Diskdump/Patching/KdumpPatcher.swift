internal import DumpMemory
internal import PageCompression
internal import Platform

/// Puts new pages into a copy of a kdump-compressed dump.
struct KdumpPatcher: ~Copyable {
  private let dump: KdumpFile
  /// Where the next page that does not fit into its old place goes.
  private var end: UInt64
  private(set) var report = PatchReport()

  init(_ dump: KdumpFile) {
    self.dump = dump
    end = dump.file.size
  }

  mutating func run(
    _ slots: KdumpSlots, _ pages: consuming PagePair, _ file: borrowing FileDescriptor
  ) throws(VmcoreError) {
    do throws(SystemError) {
      var recompressor = try PageRecompressor(pageSize: dump.pageSize)
      for slot in slots.slots {
        do throws(VmcoreError) {
          guard try pages.read(slot.pfn) else { continue }
        } catch {
          report.fail(slot.pfn, reason: error)
          continue
        }
        let stored = try recompressor.compress(pages.newBytes, codec: Codec(slot.descriptor.flags) ?? .none)
        try put(
          recompressor.bytes.extracting(first: stored.size), codec: stored.codec, slot: slot, file: file)
        report.changedPages += 1
      }
    } catch { throw .system(error) }
  }

  /// Writes a page's stored bytes, and its descriptor if that has to say something else than before.
  private mutating func put(
    _ bytes: RawSpan, codec: Codec, slot: KdumpSlots.Slot, file: borrowing FileDescriptor
  ) throws(SystemError) {
    var descriptor = PageDescriptor(
      offset: slot.descriptor.offset, size: UInt32(bytes.byteCount), flags: codec.flags)
    if slot.isOwn, descriptor.size <= slot.descriptor.size {
      try file.write(bytes, at: FileOffset(descriptor.offset))
      try Self.clear(
        Int(slot.descriptor.size) - bytes.byteCount, offset: descriptor.range.upperBound, file: file)
    } else {
      descriptor.offset = end
      try file.write(bytes, at: FileOffset(end))
      end += UInt64(bytes.byteCount)
      report.appendedPages += 1
    }
    if descriptor != slot.descriptor {
      try Self.write(descriptor, at: dump.descriptorOffset(slot.number), file: file)
    }
  }

  /// Zeros over what is left of the old bytes.
  private static func clear(
    _ byteCount: Int, offset: UInt64, file: borrowing FileDescriptor
  ) throws(SystemError) {
    guard byteCount > 0 else { return }
    let zeros = try MappedBuffer(byteCount: byteCount)
    try file.write(zeros.bytes, at: FileOffset(offset))
  }

  /// All but `page_flags`, which stays.
  private static func write(
    _ descriptor: PageDescriptor, at offset: UInt64, file: borrowing FileDescriptor
  ) throws(SystemError) {
    var buffer = try MappedBuffer(byteCount: PageDescriptor.byteCount)
    var bytes = buffer.mutableBytes
    descriptor.encode(into: &bytes, at: 0)
    try file.write(buffer.bytes.extracting(first: 16), at: FileOffset(offset))
  }

  // MARK: - Erase info

  /// Adds lines to the dump's erase info: what it has is copied to the end of the file, and they go behind it.
  ///
  /// header_version 5 was the first with `offset_eraseinfo` and `size_eraseinfo`.
  mutating func add(_ record: String, to file: borrowing FileDescriptor) throws(VmcoreError) {
    let old = dump.headers.subHeader.eraseInfo
    guard dump.headers.version >= 5, !record.isEmpty, report.changedPages > 0,
      old.upperBound <= dump.file.size,
      old.count <= KdumpStore.mostText
    else { return }
    do throws(SystemError) {
      let start = end
      if !old.isEmpty {
        var window = try ReadAhead(byteCount: old.count)
        guard try window.show(old, of: dump.file) else { return }
        try file.write(window.bytes(old), at: FileOffset(end))
        end += UInt64(old.count)
      }
      let text = Array(record.utf8)
      try unsafe file.write(text.span.bytes, at: FileOffset(end))
      end += UInt64(text.count)
      var buffer = try MappedBuffer(byteCount: FileRangeField.byteCount)
      var bytes = buffer.mutableBytes
      let place = KdumpSubHeader.encodeEraseInfo(start..<end, into: &bytes)
      try file.write(buffer.bytes, at: FileOffset(dump.headers.blockSize + UInt64(place)))
      report.isRecorded = true
    } catch { throw .system(error) }
  }
}
