internal import DumpMemory
internal import Platform

/// A dump on its way through a pipe: what is written at any offset goes out as records.
///
/// A dump is written at two places in turn, pages and their descriptors, so two stretches are gathered and
/// each goes out as one record when it is long. crash keeps a sorted list of all records and inserts each into
/// it when it opens the stream, so records are few.
/// The headers go first, for without them nothing that arrives is worth anything.
/// Pages go out before their descriptors: what arrived of a stream that was cut describes nothing that did not.
final class FlattenedStreamWriter: @unchecked Sendable {
  private var sender: RecordSender

  init(_ file: consuming FileDescriptor) throws(SystemError) {
    sender = try RecordSender(file)
  }

  /// Takes bytes that belong at an offset; no byte may be written twice.
  func write(_ bytes: RawSpan, at offset: UInt64) throws(SystemError) {
    try sender.write(bytes, at: offset)
  }

  /// Leaves out what lies up to an offset: it reads as zeros. What is written next goes on there.
  func skip(to offset: UInt64) throws(SystemError) {
    try sender.skip(to: offset)
  }

  /// Sends all that was taken, pages first.
  func flush() throws(SystemError) {
    try sender.flush()
  }

  /// Whether the record that ends the stream was sent.
  private(set) var hasEnd = false

  /// Ends the stream: only now is it whole.
  func end() throws(SystemError) {
    try sender.flush()
    try sender.sendEnd()
    hasEnd = true
    try sender.synchronize()
  }
}

private struct RecordSender: ~Copyable {
  private let file: FileDescriptor
  private var head: MappedBuffer
  /// Headers, bitmaps, and then descriptors, which lie behind them.
  private var lower: Stretch
  /// Pages.
  private var upper: Stretch
  private var hasBegun = false

  private static let lowerCapacity = 256 << 10
  private static let upperCapacity = 1 << 20

  /// Bytes of descriptors in a record. What a cut costs is up to one record of descriptors, so they are short
  /// at first; they grow with what was sent, so that there are never many.
  private var lowerSize: Int {
    max(16 << 10, Int(min(lower.start / 512, UInt64(Self.lowerCapacity))))
  }

  init(_ file: consuming FileDescriptor) throws(SystemError) {
    let head = try MappedBuffer(byteCount: FlattenedFormat.headerByteCount)
    let lower = try Stretch(capacity: Self.lowerCapacity)
    let upper = try Stretch(capacity: Self.upperCapacity)
    self.head = head
    self.lower = lower
    self.upper = upper
    self.file = file
  }

  mutating func write(_ bytes: RawSpan, at offset: UInt64) throws(SystemError) {
    var done = 0
    while done < bytes.byteCount {
      let at = offset + UInt64(done)
      let rest = bytes.extracting(done..<bytes.byteCount)
      if lower.continues(at) {
        done += lower.take(rest, at: at)
        if lower.byteCount >= lowerSize { try flush() }
      } else if upper.continues(at) {
        done += upper.take(rest, at: at)
        if upper.isFull { try flushUpper() }
      } else {
        // Headers and bitmaps go before the first page; later a dump whose pages come in another order than that of
        // memory goes on with other descriptors.
        try flush()
        if at < upper.start { lower.begin(at) } else { upper.begin(at) }
      }
    }
  }

  mutating func flush() throws(SystemError) {
    try flushUpper()
    if !lower.isEmpty {
      try sendRecord(offset: lower.start, byteCount: lower.byteCount)
      try file.append(lower.bytes)
    }
    lower.restart()
  }

  mutating func skip(to offset: UInt64) throws(SystemError) {
    try flush()
    lower.begin(offset)
  }

  mutating func sendEnd() throws(SystemError) {
    try sendRecord(offset: Int64(-1), byteCount: Int64(-1))
  }

  func synchronize() throws(SystemError) { try file.synchronize() }

  private mutating func flushUpper() throws(SystemError) {
    if !upper.isEmpty {
      try sendRecord(offset: upper.start, byteCount: upper.byteCount)
      try file.append(upper.bytes)
    }
    upper.restart()
  }

  private mutating func sendRecord(offset: UInt64, byteCount: Int) throws(SystemError) {
    guard let offset = Int64(exactly: offset) else {
      throw SystemError("write", subject: file.path, code: .fileTooLarge)
    }
    try sendRecord(offset: offset, byteCount: Int64(byteCount))
  }

  private mutating func sendRecord(offset: Int64, byteCount: Int64) throws(SystemError) {
    if !hasBegun {
      hasBegun = true
      Self.encodeHeader(into: &head)
      try file.append(head.bytes)
    }
    Self.encodeRecord(offset, byteCount: byteCount, into: &head)
    try file.append(head.bytes.extracting(first: FlattenedFormat.recordHeaderByteCount))
  }

  private static func encodeHeader(into buffer: inout MappedBuffer) {
    var bytes = buffer.mutableBytes
    FlattenedFormat.encodeHeader(into: &bytes)
  }

  private static func encodeRecord(_ offset: Int64, byteCount: Int64, into buffer: inout MappedBuffer) {
    var bytes = buffer.mutableBytes
    FlattenedFormat.encodeRecord(offset: offset, byteCount: byteCount, into: &bytes)
  }
}

/// Bytes that lie together in the dump, gathered for one record.
private struct Stretch: ~Copyable {
  private var buffer: MappedBuffer
  private(set) var start: UInt64 = 0
  private(set) var byteCount = 0

  init(capacity: Int) throws(SystemError) {
    buffer = try MappedBuffer(byteCount: capacity)
  }

  var isEmpty: Bool { byteCount == 0 }
  var isFull: Bool { byteCount == buffer.byteCount }

  var bytes: RawSpan {
    @_lifetime(borrow self)
    get { buffer.bytes.extracting(first: byteCount) }
  }

  /// Whether bytes of this offset belong behind the last.
  func continues(_ offset: UInt64) -> Bool {
    offset == start + UInt64(byteCount)
  }

  /// Makes an empty stretch begin somewhere.
  mutating func begin(_ offset: UInt64) {
    precondition(isEmpty)
    start = offset
  }

  /// Empties it; it goes on where it ended.
  mutating func restart() {
    start += UInt64(byteCount)
    byteCount = 0
  }

  /// Takes as many of the bytes as there is room for; returns how many.
  mutating func take(_ bytes: RawSpan, at offset: UInt64) -> Int {
    precondition(continues(offset))
    let count = min(bytes.byteCount, buffer.byteCount - byteCount)
    var room = buffer.mutableBytes(in: byteCount..<byteCount + count)
    room.copy(bytes.extracting(first: count), at: 0)
    byteCount += count
    return count
  }
}
