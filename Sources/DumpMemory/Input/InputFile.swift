public import Platform

/// A dump's bytes by their place in the dump, wherever they lie: in a file as they are, or in the records of
/// a flattened stream. Shared by all who read from it.
public final class InputFile: Sendable {
  private enum Content: ~Copyable, Sendable {
    case plain(FileDescriptor)
    case flattened(FlattenedFile)
  }

  private let content: Content
  public let path: String
  /// Bytes of the dump as they were when it was opened; of a flattened one, when it is rearranged.
  public let size: UInt64
  /// Bytes of the file itself.
  public let storedSize: UInt64
  /// Bytes that the file really holds: without the holes of a sparse one, and of a flattened one those of the stream.
  /// However much its headers claim, no walk over what it holds has more to look at.
  public let heldSize: UInt64

  /// Opens a file that can be read at any place.
  ///
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` for a flattened stream that is none.
  public convenience init(opening path: String) throws(VmcoreError) {
    try self.init(
      VmcoreError.wrapping { () throws(SystemError) in try FileDescriptor.open(reading: path) })
  }

  /// Takes a file that is open: one that was just written may have another's name by now.
  public init(_ file: consuming FileDescriptor) throws(VmcoreError) {
    let path = file.path
    let storedSize = try VmcoreError.wrapping { () throws(SystemError) in try file.size() }
    heldSize = try VmcoreError.wrapping { () throws(SystemError) in try file.storedSize() }
    let content = try Self.content(of: file, storedSize)
    switch content {
    case .plain: size = storedSize
    case .flattened(let flattened): size = flattened.size
    }
    self.content = content
    self.path = path
    self.storedSize = storedSize
  }

  private static func content(of file: consuming FileDescriptor, _ size: UInt64) throws(VmcoreError)
    -> Content
  {
    if try isFlattened(file) { return .flattened(try FlattenedFile(file, fileSize: size)) }
    return .plain(file)
  }

  private static func isFlattened(_ file: borrowing FileDescriptor) throws(VmcoreError) -> Bool {
    var buffer = try MappedBuffer.allocate(byteCount: 16)
    var bytes = buffer.mutableBytes
    let count: Int
    do throws(SystemError) { count = try file.read(into: &bytes, at: FileOffset(0)) } catch {
      throw .system(error)
    }
    return FlattenedFormat.hasSignature(buffer.bytes.extracting(0..<count))
  }

  /// Whether the dump comes out of a flattened stream.
  public var isFlattened: Bool {
    switch content {
    case .plain: false
    case .flattened: true
    }
  }

  /// Whether nothing is known to be missing from the file; a plain one does not say.
  public var isWhole: Bool {
    switch content {
    case .plain: true
    case .flattened(let file): file.end == .complete
    }
  }

  /// What is wrong with the file, a line each, in words that follow its path.
  public var warnings: [String] {
    switch content {
    case .plain: []
    case .flattened(let file):
      switch file.end {
      case .complete: []
      case .cut: ["the flattened stream has no end: it was cut, and what was to follow is missing"]
      case .damaged(let offset):
        ["the flattened stream is damaged at offset 0x\(String(offset, radix: 16)), and not read behind it"]
      }
    }
  }

  /// Reads until the buffer is full or the dump ends; returns the bytes read.
  public func read(into buffer: inout MutableRawSpan, at offset: FileOffset) throws(SystemError) -> Int {
    switch content {
    case .plain(let file): try file.read(into: &buffer, at: offset)
    case .flattened(let file): try file.read(into: &buffer, at: offset)
    }
  }

  /// The same for headers, where what is to be read says where it lies.
  ///
  /// - Throws: ``VmcoreError/malformed(path:at:_:)`` for an offset that no file has.
  func fill(_ buffer: inout MappedBuffer, at offset: FileOffset) throws(VmcoreError) -> Int {
    guard offset.rawValue <= UInt64(Int64.max) - UInt64(buffer.byteCount) else {
      throw .malformed(path: path, at: offset, "headers cannot lie there")
    }
    var bytes = buffer.mutableBytes
    do throws(SystemError) { return try read(into: &bytes, at: offset) } catch { throw .system(error) }
  }

  /// The first bytes in a range that may be other than zero: no hole of the file, and not what a flattened stream has no
  /// records of; nothing at the end of the range, where there are none.
  public func nextData(in range: Range<UInt64>) -> Range<UInt64> {
    switch content {
    case .plain(let file): isStored ? file.nextData(in: range) : range
    case .flattened(let file): file.nextData(in: range)
    }
  }

  /// Whether the bytes lie on a disk or in its cache. The kernel makes those of /proc/vmcore when they are
  /// read, which costs a mapping of its own for each page (`copy_oldmem_page`).
  var isStored: Bool {
    switch content {
    case .plain(let file): !file.isInProc
    case .flattened: true
    }
  }

  /// Copies the whole dump, as long as it was when it was opened; what a flattened stream has no records of becomes a hole.
  ///
  /// - Parameter target: an empty file.
  public func copy(
    to target: borrowing FileDescriptor, progress: (UInt64) -> Void
  ) throws(SystemError) {
    switch content {
    case .plain(let file): try file.copy(to: target, byteCount: size, progress: progress)
    case .flattened(let file): try Self.copy(file, size: size, to: target, progress)
    }
  }

  private static func copy(
    _ file: borrowing FlattenedFile, size: UInt64, to target: borrowing FileDescriptor,
    _ progress: (UInt64) -> Void
  ) throws(SystemError) {
    var buffer = try MappedBuffer(byteCount: 1 << 20)
    try target.truncate(to: size)
    var done: UInt64 = 0
    while done < size {
      let data = file.nextData(in: done..<size)
      try copy(file, data, to: target, at: data.lowerBound, through: &buffer, progress)
      done = data.upperBound
    }
  }

  /// Copies a part of the dump, which ends before the dump does, to a place of another file.
  public func copy(
    _ range: Range<UInt64>, to target: borrowing FileDescriptor, at place: UInt64, by way: inout CopyWay
  ) throws(SystemError) {
    switch content {
    case .plain(let file):
      try way.copyAll(file, range, to: target, at: place)
    case .flattened(let file):
      var buffer = try MappedBuffer(byteCount: 1 << 20)
      try Self.copy(file, range, to: target, at: place, through: &buffer) { _ in }
    }
  }

  private static func copy(
    _ file: borrowing FlattenedFile, _ range: Range<UInt64>, to target: borrowing FileDescriptor,
    at place: UInt64, through buffer: inout MappedBuffer, _ progress: (UInt64) -> Void
  ) throws(SystemError) {
    var done = range.lowerBound
    while done < range.upperBound {
      var bytes = buffer.mutableBytes(in: 0..<Int(min(UInt64(buffer.byteCount), range.upperBound - done)))
      let count = try file.read(into: &bytes, at: FileOffset(done))
      guard count > 0 else { throw SystemError("read", subject: file.path, code: .inputOutput) }
      try target.write(
        buffer.bytes.extracting(first: count), at: FileOffset(place + (done - range.lowerBound)))
      done += UInt64(count)
      progress(done)
    }
  }

  /// Whether ``map(_:)`` can work at all.
  var canBeMapped: Bool { !isFlattened }

  /// Maps a part of the file; see `FileMapping`.
  func map(_ range: Range<UInt64>) throws(SystemError) -> FileMapping {
    switch content {
    case .plain(let file):
      try FileMapping(file, from: FileOffset(range.lowerBound), byteCount: range.count)
    case .flattened: throw SystemError("mmap", subject: path, code: .invalidArgument)
    }
  }
}
