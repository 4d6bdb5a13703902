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

  static let headerByteCount: UInt64 = 4096
  private static let recordByteCount = 16

  /// Whether these are the first bytes of a flattened stream.
  static func recognises(_ bytes: RawSpan) -> Bool {
    // "makedumpfile" and four NULs.
    bytes.littleEndian(at: 0, as: UInt64.self) == 0x706d_7564_656b_616d
      && bytes.littleEndian(at: 8, as: UInt64.self) == 0x0000_0000_656c_6966
  }

  /// Looks every record up.
  ///
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` for another version of the format, and where the records
  ///   are so many and small that nothing can have written them.
  init(_ file: consuming FileDescriptor, fileSize: UInt64) throws(VmcoreError) {
    var buffer = try PageBuffer.allocate(byteCount: Int(Self.headerByteCount))
    guard try Self.fill(&buffer, from: file, at: 0) >= 32,
      let type = buffer.bytes.littleEndian(at: 16, as: Int64.self)?.byteSwapped,
      let version = buffer.bytes.littleEndian(at: 24, as: Int64.self)?.byteSwapped
    else { throw .malformed(path: file.path, at: FileOffset(0), "the flattened stream ends in its header") }
    guard type == 1, version == 1 else {
      throw .malformed(
        path: file.path, at: FileOffset(16),
        "a flattened stream of type \(type) and version \(version), not 1 and 1")
    }

    // makedumpfile's records hold 600 bytes and more.
    let mostRecords = Int(clamping: fileSize / 128 + 65536)
    var index = FlattenedIndex()
    var end = End.cut
    var offset = Self.headerByteCount
    var buffered = offset..<offset
    while offset + UInt64(Self.recordByteCount) <= fileSize {
      if offset < buffered.lowerBound || offset + UInt64(Self.recordByteCount) > buffered.upperBound {
        let count = try Self.fill(&buffer, from: file, at: offset)
        buffered = offset..<offset + UInt64(count)
        if count < Self.recordByteCount { break }
      }
      let place = Int(offset - buffered.lowerBound)
      guard let target = buffer.bytes.littleEndian(at: place, as: Int64.self)?.byteSwapped,
        let count = buffer.bytes.littleEndian(at: place + 8, as: Int64.self)?.byteSwapped
      else { break }
      if target == -1, count == -1 {
        end = .complete
        break
      }
      guard target >= 0, count > 0, !target.addingReportingOverflow(count).overflow else {
        end = .damaged(at: offset)
        break
      }
      let data = offset + UInt64(Self.recordByteCount)
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
    _ buffer: inout PageBuffer, from file: borrowing FileDescriptor, at offset: UInt64
  ) throws(VmcoreError) -> Int {
    var bytes = buffer.mutableBytes
    do throws(SystemError) { return try file.read(into: &bytes, at: FileOffset(offset)) } catch {
      throw .system(error)
    }
  }
}
