internal import CLinux

extension FileDescriptor {
  /// Copies the first bytes of the file to the same places of another, which is empty: holes stay holes, and where
  /// the filesystem shares blocks between files, nothing is copied at all.
  ///
  /// - Parameters:
  ///   - byteCount: the target's size afterwards.
  ///   - progress: called now and then with the bytes that are done.
  /// - Throws: an input/output error if the file has become shorter than `byteCount`.
  public func copy(
    to target: borrowing FileDescriptor, byteCount: UInt64, progress: (UInt64) -> Void
  ) throws(SystemError) {
    guard byteCount <= UInt64(Int64.max) else {
      throw SystemError("copy", subject: path, code: .fileTooLarge)
    }
    try target.truncate(to: byteCount)
    var way = CopyWay()
    var done: UInt64 = 0
    while done < byteCount {
      let data = nextData(in: done..<byteCount)
      try way.copyAll(self, data, to: target, at: data.lowerBound, progress: progress)
      done = data.upperBound
    }
    // What is behind the end of the file looks like a hole.
    let size = isInProc || kind != .regular ? byteCount : try size()
    guard size >= byteCount else { throw SystemError("read", subject: path, code: .inputOutput) }
  }
}

/// Copies from file to file: in the kernel as long as it takes it, which may leave the bytes where they are (a server's
/// disk, blocks that files share), else through memory.
public struct CopyWay: ~Copyable, Sendable {
  private static let pieceSize = 4 << 20
  private var usesKernel = true
  private var buffer: MappedBuffer?

  public init() {}

  /// Copies a range.
  ///
  /// - Parameter progress: called now and then with the place in the source that was come to.
  /// - Throws: an input/output error if the source ends before.
  public mutating func copyAll(
    _ source: borrowing FileDescriptor, _ range: Range<UInt64>, to target: borrowing FileDescriptor,
    at place: UInt64, progress: (UInt64) -> Void = { _ in }
  ) throws(SystemError) {
    var done = range.lowerBound
    while done < range.upperBound {
      let count = try copy(
        source, done..<range.upperBound, to: target, at: place + (done - range.lowerBound))
      guard count > 0 else { throw SystemError("read", subject: source.path, code: .inputOutput) }
      done += count
      progress(done)
    }
  }

  /// Copies the first bytes of a range, 4 MiB at most.
  ///
  /// - Returns: how many; 0 where the source has ended.
  private mutating func copy(
    _ source: borrowing FileDescriptor, _ range: Range<UInt64>, to target: borrowing FileDescriptor,
    at place: UInt64
  ) throws(SystemError) -> UInt64 {
    let wanted = Int(min(UInt64(range.count), UInt64(Self.pieceSize)))
    if usesKernel {
      let count = try? SystemError.calling("copy_file_range", subject: source.path) {
        clinux_copy_range(
          source.descriptor, off_t(range.lowerBound), target.descriptor, off_t(place), wanted)
      }
      if let count, count > 0 { return UInt64(count) }
      // Some filesystems say 0 instead of an error: reading tells.
      usesKernel = false
    }
    var bytes = try take()
    let count = try Self.move(
      source, from: FileOffset(range.lowerBound), to: target, at: FileOffset(place), wanted: wanted,
      through: &bytes)
    buffer = consume bytes
    return UInt64(count)
  }

  private mutating func take() throws(SystemError) -> MappedBuffer {
    if let buffer = buffer.take() { return buffer }
    return try MappedBuffer(byteCount: Self.pieceSize)
  }

  private static func move(
    _ source: borrowing FileDescriptor, from start: FileOffset, to target: borrowing FileDescriptor,
    at place: FileOffset, wanted: Int, through buffer: inout MappedBuffer
  ) throws(SystemError) -> Int {
    var bytes = buffer.mutableBytes(in: 0..<wanted)
    let count = try source.read(into: &bytes, at: start)
    try target.write(buffer.bytes.extracting(first: count), at: place)
    return count
  }
}
