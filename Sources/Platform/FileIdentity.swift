internal import CLinux

/// Which file a path or a descriptor leads to, by whatever links and names.
public struct FileIdentity: Hashable, Sendable {
  /// The number of a filesystem.
  public struct Device: Hashable, Sendable {
    fileprivate let number: UInt64
  }

  private let device: UInt64
  private let inode: UInt64
  /// The device that a block device's file stands for.
  private let represented: UInt64?
  /// The name in the directory that ``device`` and ``inode`` are then of, where there is no file yet.
  private let newName: String?

  /// Nil for what has no content that could be harmed: a terminal, a pipe, `/dev/null`.
  init?(_ status: stat, newName: String? = nil) {
    let kind = Int32(bitPattern: status.st_mode) & S_IFMT
    guard kind == S_IFREG || kind == S_IFBLK || newName != nil else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    represented = kind == S_IFBLK ? UInt64(status.st_rdev) : nil
    self.newName = newName
  }

  /// The file at a path, or the one that would be created there; nil where there can be none.
  public init?(path: String) {
    guard !path.isEmpty else { return nil }
    var status = stat()
    if unsafe stat(path, &status) == 0 {
      self.init(status)
      return
    }
    let place = (try? OverwritePolicy.resolve(path)) ?? path
    guard let name = place.split(separator: "/").last,
      unsafe stat(OverwritePolicy.directory(of: place), &status) == 0
    else { return nil }
    self.init(status, newName: String(name))
  }

  /// The file behind one of the three standard descriptors.
  public init?(standard number: Int32) {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Whether both are one file: bytes written to one are read from the other.
  public func isSame(as other: FileIdentity) -> Bool {
    if let represented, let theirs = other.represented { return represented == theirs }
    return device == other.device && inode == other.inode && newName == other.newName
  }

  /// Whether this is the device whose filesystem holds another file.
  public func holds(_ other: FileIdentity) -> Bool { represented == other.device }
}

extension FileDescriptor {
  /// The filesystem that the file is on.
  public var device: FileIdentity.Device? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    return FileIdentity.Device(number: UInt64(status.st_dev))
  }

  /// A second descriptor of the file.
  public func duplicate() throws(SystemError) -> FileDescriptor {
    let copy = clinux_duplicate(descriptor)
    guard copy >= 0 else { throw .last("dup", subject: path) }
    return try FileDescriptor(descriptor: copy, path: path)
  }
}
