internal import CLinux

extension FileDescriptor {
  /// Which file it is, for whoever wants to find it again under its name; nil for what has no content.
  public var identity: FileIdentity? {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    return FileIdentity(status)
  }

  /// Removes a regular file that was made for nothing, if it still has its name.
  ///
  /// - Parameters:
  ///   - path: what it was created as; links in it are followed as they were then.
  ///   - identity: of the file that was created; nil removes nothing.
  /// - Returns: whether nothing is left of it.
  public static func remove(_ path: String, created identity: FileIdentity?) -> Bool {
    guard let identity, let place = try? OverwritePolicy.resolve(path) else { return false }
    var status = stat()
    guard unsafe lstat(place, &status) == 0, Int32(bitPattern: status.st_mode) & S_IFMT == S_IFREG,
      FileIdentity(status)?.isSame(as: identity) == true
    else { return false }
    return unsafe unlink(place) == 0
  }
}
