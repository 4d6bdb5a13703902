internal import CLinux

/// An open file, closed when its owner goes.
///
/// Reads and writes are positioned, complete (short transfers are continued) and repeated when a signal
/// interrupts them.
public struct FileDescriptor: ~Copyable, Sendable {
  /// What kind of file stands behind the descriptor, as far as reading and mapping care.
  public enum Kind: Sendable {
    case regular
    case blockDevice
    case pipeOrSocket
    case other
  }

  public let path: String
  public let kind: Kind
  /// Whether the file is one of the kernel's own, in /proc: `stat` calls it a regular one.
  public let isInProc: Bool
  /// For C libraries that read files themselves.
  package let descriptor: Int32

  init(descriptor: Int32, path: String) throws(SystemError) {
    self.descriptor = descriptor
    self.path = path
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let error = SystemError.last("fstat", subject: path)
      close(descriptor)
      throw error
    }
    switch Int32(bitPattern: status.st_mode) & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFBLK: kind = .blockDevice
    case S_IFIFO, S_IFSOCK: kind = .pipeOrSocket
    default: kind = .other
    }
    var filesystem = statfs()
    isInProc =
      unsafe fstatfs(descriptor, &filesystem) == 0
      && UInt64(filesystem.f_type) == UInt64(PROC_SUPER_MAGIC)
  }

  deinit {
    close(descriptor)
  }

  /// Opens a file for reading. The corresponding C function is `open`.
  ///
  /// - Throws: also for a pipe, which would be waited for until somebody writes to it.
  public static func open(reading path: String) throws(SystemError) -> FileDescriptor {
    let descriptor = try SystemError.calling("open", subject: path) {
      unsafe clinux_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
    }
    let file = try FileDescriptor(descriptor: descriptor, path: path)
    if file.kind == .pipeOrSocket {
      throw SystemError(
        "open", subject: path, code: .invalidArgument,
        reason: "a pipe, where a file is wanted that can be read at any place"
      )
    }
    return file
  }

  /// Opens a file of /proc that takes orders.
  static func open(ordering path: String) throws(SystemError) -> FileDescriptor {
    let descriptor = try SystemError.calling("open", subject: path) {
      unsafe clinux_open(path, O_WRONLY | O_CLOEXEC, 0)
    }
    return try FileDescriptor(descriptor: descriptor, path: path)
  }

  /// A second descriptor of a stream that the process was started with, so that closing it harms nobody.
  public static func duplicate(ofStandard number: Int32, named path: String) throws(SystemError)
    -> FileDescriptor
  {
    let descriptor = try SystemError.calling("dup", subject: path) { dup(number) }
    return try FileDescriptor(descriptor: descriptor, path: path)
  }

  /// The file's length in bytes, 0 where the kernel does not say.
  public func size() throws(SystemError) -> UInt64 {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .last("fstat", subject: path) }
    if status.st_size > 0 { return UInt64(status.st_size) }
    guard kind == .blockDevice else { return 0 }
    let end = lseek(descriptor, 0, SEEK_END)
    return end > 0 ? UInt64(end) : 0
  }

  /// When the file was last written, in nanoseconds since 1970.
  public func modificationTime() throws(SystemError) -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .last("fstat", subject: path) }
    return status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
  }

  /// Bytes of a regular file that take room on its disk: a sparse one claims more. Its length, where nothing is told.
  public func storedSize() throws(SystemError) -> UInt64 {
    let length = try size()
    var status = stat()
    guard kind == .regular, !isInProc, unsafe fstat(descriptor, &status) == 0, status.st_blocks > 0 else {
      return length
    }
    // stat(2): blocks of 512 bytes, whatever the filesystem's are.
    return min(length, UInt64(status.st_blocks).multipliedReportingOverflow(by: 512).partialValue)
  }

  /// Reads until the buffer is full or the file ends; returns the bytes read.
  public func read(into buffer: inout MutableRawSpan, at offset: FileOffset) throws(SystemError) -> Int {
    guard offset.rawValue <= UInt64(Int64.max) - UInt64(buffer.byteCount) else {
      throw SystemError("pread", subject: path, code: .invalidArgument)
    }
    var done = 0
    while done < buffer.byteCount {
      let rest = buffer.byteCount - done
      let count = try unsafe buffer.withUnsafeMutableBytes { (bytes) throws(SystemError) in
        try SystemError.calling("pread", subject: path) {
          unsafe pread(descriptor, bytes.baseAddress! + done, rest, off_t(offset.rawValue) + done)
        }
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Writes all bytes, or as many as the file takes.
  ///
  /// - Returns: the bytes written, and the error that stopped the rest. Both matter: a full disk takes a
  ///   part of a batch, and that part is data that a reader can still have.
  public func writeAsMuchAsPossible(
    _ bytes: RawSpan, at offset: FileOffset
  ) -> (written: Int, error: SystemError?) {
    guard offset.rawValue <= UInt64(Int64.max) - UInt64(bytes.byteCount) else {
      return (0, SystemError("pwrite", subject: path, code: .fileTooLarge))
    }
    var done = 0
    while done < bytes.byteCount {
      let rest = bytes.byteCount - done
      do throws(SystemError) {
        let count = try unsafe bytes.withUnsafeBytes { (source) throws(SystemError) in
          try SystemError.calling("pwrite", subject: path) {
            unsafe pwrite(descriptor, source.baseAddress! + done, rest, off_t(offset.rawValue) + done)
          }
        }
        guard count > 0 else { throw SystemError("pwrite", subject: path, code: .noSpace) }
        done += count
      } catch { return (done, error) }
    }
    return (done, nil)
  }

  /// Writes all bytes. The corresponding C function is `pwrite`.
  public func write(_ bytes: RawSpan, at offset: FileOffset) throws(SystemError) {
    if let error = writeAsMuchAsPossible(bytes, at: offset).error { throw error }
  }

  /// Writes all bytes where the descriptor stands: to a pipe, or behind what a shell has redirected there
  /// already. The corresponding C function is `write`.
  public func append(_ bytes: RawSpan) throws(SystemError) {
    var done = 0
    while done < bytes.byteCount {
      let rest = bytes.byteCount - done
      let count = try unsafe bytes.withUnsafeBytes { (source) throws(SystemError) in
        try SystemError.streaming("write", subject: path, descriptor, for: POLLOUT) {
          unsafe CLinux.write(descriptor, source.baseAddress! + done, rest)
        }
      }
      guard count > 0 else { throw SystemError("write", subject: path, code: .noSpace) }
      done += count
    }
  }

  /// Reads where the descriptor stands until the buffer is full or the stream ends; returns the bytes read.
  /// The corresponding C function is `read`.
  public func readNext(into buffer: inout MutableRawSpan) throws(SystemError) -> Int {
    var done = 0
    while done < buffer.byteCount {
      let rest = buffer.byteCount - done
      let count = try unsafe buffer.withUnsafeMutableBytes { (bytes) throws(SystemError) in
        try SystemError.streaming("read", subject: path, descriptor, for: POLLIN) {
          unsafe CLinux.read(descriptor, bytes.baseAddress! + done, rest)
        }
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// All bytes of a file, for short ones: from a longer one nothing is taken.
  public static func contents(of path: String, atMost limit: Int) throws(SystemError) -> [UInt8] {
    let file = try open(reading: path)
    var buffer = try MappedBuffer(byteCount: limit + 1)
    let count = try file.read(into: &buffer)
    guard count <= limit else {
      throw SystemError(
        "read", subject: path, code: .fileTooLarge,
        reason: "it has more than \(limit) bytes, and is not read in part")
    }
    return unsafe buffer.bytes.extracting(first: count).withUnsafeBytes { unsafe Array($0) }
  }

  private func read(into buffer: inout MappedBuffer) throws(SystemError) -> Int {
    var bytes = buffer.mutableBytes
    return try read(into: &bytes, at: FileOffset(0))
  }

  /// Sets the file's length. The corresponding C function is `ftruncate`.
  public func truncate(to size: UInt64) throws(SystemError) {
    guard size <= UInt64(Int64.max) else {
      throw SystemError("ftruncate", subject: path, code: .fileTooLarge)
    }
    try SystemError.calling("ftruncate", subject: path) { ftruncate(descriptor, off_t(size)) }
  }

  /// Reserves the disk blocks of a range, so that later writes to it cannot fail for want of space.
  ///
  /// - Returns: false where the filesystem has no such operation.
  public func allocate(from offset: FileOffset, byteCount: UInt64) throws(SystemError) -> Bool {
    guard let start = Int64(exactly: offset.rawValue), let length = Int64(exactly: byteCount),
      !start.addingReportingOverflow(length).overflow
    else { throw SystemError("fallocate", subject: path, code: .fileTooLarge) }
    guard length > 0 else { return true }
    do throws(SystemError) {
      try SystemError.calling("fallocate", subject: path) {
        clinux_allocate(descriptor, off_t(start), off_t(length))
      }
      return true
    } catch {
      guard [EOPNOTSUPP, ENOSYS, EINVAL, ENODEV, ESPIPE].contains(error.code.rawValue) else { throw error }
      return false
    }
  }

  /// Waits until the file's bytes are on the disk; a pipe or a device that has no such notion is no error.
  public func synchronize() throws(SystemError) {
    do throws(SystemError) { try SystemError.calling("fsync", subject: path) { fsync(descriptor) } } catch {
      guard [EINVAL, EROFS, ENOTSUP].contains(error.code.rawValue) else { throw error }
    }
  }
}
