internal import CLinux

extension FileDescriptor {
  /// Bytes that the filesystem has left for whoever is not root, or nil where it does not say: it may have no limit,
  /// and the file may be none of a filesystem. The corresponding C function is `fstatfs`.
  public func availableBytes() -> UInt64? {
    var status = statfs()
    guard kind == .regular, unsafe fstatfs(descriptor, &status) == 0, status.f_blocks > 0 else { return nil }
    let blockSize = UInt64(status.f_frsize > 0 ? status.f_frsize : status.f_bsize)
    return UInt64(status.f_bavail).multipliedReportingOverflow(by: blockSize).partialValue
  }
}
