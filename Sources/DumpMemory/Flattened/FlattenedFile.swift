internal import Platform

/// A flattened stream in a file (`makedumpfile -F`), read as the dump that it would be when rearranged.
///
/// Its first block is a header; then records follow, each of them the place of some bytes in the dump, their
/// number, and the bytes. All numbers are big-endian. What no record holds is zero.
struct FlattenedFile: ~Copyable, Sendable {
  /// How the stream ended.
  enum End: Sendable, Equatable {
    /// With the record that says so.
    case complete
    /// Without it: the stream was cut.
    case cut
    /// A record's numbers are impossible; nothing behind it is read. The offset is the record's in the stream.
    case damaged(at: UInt64)
  }

  private let file: FileDescriptor
  private let index: FlattenedIndex
  let end: End

  /// Looks every record up.
  ///
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` for another version of the format, and where the records
  ///   are so many and small that nothing can have written them.
  init(_ file: consuming FileDescriptor, fileSize: UInt64) throws(VmcoreError) {
    var buffer = try MappedBuffer.allocate(byteCount: FlattenedFormat.headerByteCount)
    guard try Self.fill(&buffer, from: file, at: 0) >= FlattenedFormat.Header.end else {
      throw .malformed(path: file.path, at: FileOffset(0), "the flattened stream ends in its header")
    }
    let type = FlattenedFormat.Header.type.load(from: buffer.bytes)
    let version = FlattenedFormat.Header.version.load(from: buffer.bytes)
    guard type == FlattenedFormat.type, version == FlattenedFormat.version else {
      throw .malformed(
        path: file.path, at: FlattenedFormat.Header.type.fileOffset,
        "a flattened stream of type \(type) and version \(version), not 1 and 1")
    }

    // makedumpfile's records hold 600 bytes and more.
    let mostRecords = Int(clamping: fileSize / 128 + 65536)
    var index = FlattenedIndex()
    var end = End.cut
    let headerSize = UInt64(FlattenedFormat.recordHeaderByteCount)
    var offset = UInt64(FlattenedFormat.headerByteCount)
    var buffered = offset..<offset
    while offset + headerSize <= fileSize {
      if offset < buffered.lowerBound || offset + headerSize > buffered.upperBound {
        let count = try Self.fill(&buffer, from: file, at: offset)
        buffered = offset..<offset + UInt64(count)
        if count < FlattenedFormat.recordHeaderByteCount { break }
      }
      let place = Int(offset - buffered.lowerBound)
      let target = FlattenedFormat.Record.offset.load(from: buffer.bytes, at: place)
      let count = FlattenedFormat.Record.byteCount.load(from: buffer.bytes, at: place)
      if target == -1, count == -1 {
        end = .complete
        break
      }
      guard target >= 0, count > 0, !target.addingReportingOverflow(count).overflow else {
        end = .damaged(at: offset)
        break
      }
      let data = offset + headerSize
      let present = min(UInt64(count), fileSize - data)
      if present > 0 {
        index.append(FlattenedIndex.Record(target: UInt64(target), source: data, byteCount: present))
      }
      guard index.records.count <= mostRecords else {
        throw .malformed(
          path: file.path, at: FileOffset(offset), "more than \(mostRecords) records in \(fileSize) bytes")
      }
      if present < UInt64(count) { break }
      offset = data + UInt64(count)
    }
    index.sort()
    self.index = index
    self.end = end
    self.file = file
  }

  var path: String { file.path }

  /// Bytes of the rearranged dump, as far as records speak of them.
  var size: UInt64 { index.size }

  /// Reads until the buffer is full or the dump ends; returns the bytes read.
  func read(into buffer: inout MutableRawSpan, at start: FileOffset) throws(SystemError) -> Int {
    var done = 0
    var record = index.firstRecord(endingAfter: start.rawValue)
    while done < buffer.byteCount, record < index.records.count {
      let from = index.records[record]
      let offset = start.rawValue + UInt64(done)
      let wanted = UInt64(buffer.byteCount - done)
      if offset < from.target {
        let gap = Int(min(from.target - offset, wanted))
        var piece = buffer.extractingPart(done..<done + gap)
        piece.zero()
        done += gap
        continue
      }
      let count = Int(min(from.end - offset, wanted))
      var piece = buffer.extractingPart(done..<done + count)
      let got = try file.read(into: &piece, at: FileOffset(from.source + (offset - from.target)))
      done += got
      if got < count { break }
      record += 1
    }
    return done
  }

  /// The first bytes in a range that records hold; nothing at its end, where none does.
  func nextData(in range: Range<UInt64>) -> Range<UInt64> { index.nextData(in: range) }

  private static func fill(
    _ buffer: inout MappedBuffer, from file: borrowing FileDescriptor, at offset: UInt64
  ) throws(VmcoreError) -> Int {
    var bytes = buffer.mutableBytes
    do throws(SystemError) { return try file.read(into: &bytes, at: FileOffset(offset)) } catch {
      throw .system(error)
    }
  }
}
