internal import DumpMemory
public import Platform

/// Reads a flattened stream from a pipe, and puts its records where they belong (`-R`).
public struct FlattenedStreamReader: ~Copyable {
  private let stream: FileDescriptor
  private var buffer: MappedBuffer
  /// Bytes of the stream that came, the headers among them.
  public private(set) var byteCount: UInt64 = 0
  public private(set) var recordCount: UInt64 = 0
  private(set) var arrived = ArrivedRanges()

  private static let pieceSize = 1 << 20

  /// Reads the stream's header, and nothing more of a stream that has none.
  public init(_ stream: consuming FileDescriptor) throws(DumpError) {
    var buffer: MappedBuffer
    do throws(SystemError) { buffer = try MappedBuffer(byteCount: Self.pieceSize) } catch {
      throw DumpError(error)
    }
    let count = try Self.read(stream, FlattenedFormat.headerByteCount, into: &buffer)
    if count == 0 { throw .emptyStream }
    guard FlattenedFormat.hasSignature(buffer.bytes.extracting(0..<count)) else {
      throw .foreignStream
    }
    byteCount = UInt64(count)
    guard count == FlattenedFormat.headerByteCount else { throw .cutStream(after: byteCount) }
    let type = FlattenedFormat.Header.type.load(from: buffer.bytes)
    let version = FlattenedFormat.Header.version.load(from: buffer.bytes)
    guard type == FlattenedFormat.type, version == FlattenedFormat.version else {
      throw .unknownStream(type: type, version: version)
    }
    self.buffer = buffer
    self.stream = stream
  }

  /// Copies every record to its place, up to the end record; what follows that is not looked at.
  public mutating func copy(into file: borrowing FileDescriptor) throws(DumpError) {
    while true {
      let place = byteCount
      guard try next(FlattenedFormat.recordHeaderByteCount) == FlattenedFormat.recordHeaderByteCount else {
        throw .cutStream(after: byteCount)
      }
      let offset = FlattenedFormat.Record.offset.load(from: buffer.bytes)
      let size = FlattenedFormat.Record.byteCount.load(from: buffer.bytes)
      if offset == -1, size == -1 { return }
      guard offset >= 0, size > 0, !offset.addingReportingOverflow(size).overflow else {
        throw .damagedStream(at: place)
      }
      try copy(UInt64(offset)..<UInt64(offset) + UInt64(size), into: file)
      recordCount += 1
    }
  }

  private mutating func copy(
    _ range: Range<UInt64>, into file: borrowing FileDescriptor
  ) throws(DumpError) {
    var at = range.lowerBound
    while at < range.upperBound {
      let wanted = Int(min(range.upperBound - at, UInt64(Self.pieceSize)))
      let count = try next(wanted)
      do throws(SystemError) {
        try file.write(buffer.bytes.extracting(first: count), at: FileOffset(at))
      } catch {
        throw DumpError(error)
      }
      arrived.insert(at..<at + UInt64(count))
      at += UInt64(count)
      if count < wanted { throw .cutStream(after: byteCount) }
    }
  }

  private mutating func next(_ count: Int) throws(DumpError) -> Int {
    let got = try Self.read(stream, count, into: &buffer)
    byteCount += UInt64(got)
    return got
  }

  private static func read(
    _ stream: borrowing FileDescriptor, _ count: Int, into buffer: inout MappedBuffer
  ) throws(DumpError) -> Int {
    var bytes = buffer.mutableBytes(in: 0..<count)
    do throws(SystemError) { return try stream.readNext(into: &bytes) } catch { throw DumpError(error) }
  }
}
