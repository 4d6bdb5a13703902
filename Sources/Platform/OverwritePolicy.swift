internal import CLinux

/// What may be overwritten, and through which links, in a directory that others may write.
///
/// Whoever may write in a directory can put a link there, or a file of his own, and would have the dump written over
/// another file, or into his hands. The kernel's `protected_symlinks`, `protected_hardlinks` and `protected_regular`
/// forbid the like in sticky directories, but a capture kernel has them off.
enum OverwritePolicy {
  /// As many links as the kernel follows.
  private static let mostLinks = 40

  /// Follows the links that a path's last component leads through: in a directory that others may write, only those of
  /// whoever runs the program.
  ///
  /// - Returns: a path that ends in no link, where it may be that nothing is yet.
  static func resolve(_ path: String) throws(SystemError) -> String {
    var place = path
    for _ in 0..<mostLinks {
      var status = stat()
      guard unsafe lstat(place, &status) == 0, isKind(status, kind: S_IFLNK) else { return place }
      if status.st_uid != geteuid(), try isShared(directory(of: place)) {
        throw SystemError(
          "open", subject: path, code: .accessDenied,
          reason: "a symbolic link of another user in a directory that others may write is not followed")
      }
      let target = try link(at: place)
      place = target.hasPrefix("/") ? target : directory(of: place) + "/" + target
    }
    throw SystemError("open", subject: path, code: Errno(rawValue: ELOOP))
  }

  /// Checks a file that is about to be emptied: in a directory that others may write, it must be of whoever runs the
  /// program, and have no other name.
  static func check(_ descriptor: Int32, at place: String, named path: String) throws(SystemError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .last("fstat", subject: path) }
    guard isKind(status, kind: S_IFREG), status.st_uid != geteuid() || status.st_nlink > 1 else { return }
    guard try isShared(directory(of: place)) else { return }
    throw SystemError(
      "open", subject: path, code: .accessDenied,
      reason: status.st_uid != geteuid()
        ? "a file of another user in a directory that others may write is not overwritten"
        : "a file with another name, in a directory that others may write, is not overwritten")
  }

  /// Whether anybody but root and whoever runs the program may put files into a directory.
  private static func isShared(_ directory: String) throws(SystemError) -> Bool {
    var status = stat()
    guard unsafe stat(directory, &status) == 0 else { throw .last("stat", subject: directory) }
    let isOwn = status.st_uid == 0 || status.st_uid == geteuid()
    return !isOwn || status.st_mode & 0o022 != 0
  }

  private static func isKind(_ status: stat, kind: Int32) -> Bool {
    Int32(bitPattern: status.st_mode) & S_IFMT == kind
  }

  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func link(at path: String) throws(SystemError) -> String {
    let capacity = 4096
    var target = [UInt8](repeating: 0, count: capacity)
    let count = unsafe target.withUnsafeMutableBytes { bytes in
      unsafe readlink(path, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), capacity)
    }
    guard count >= 0 else { throw .last("readlink", subject: path) }
    return String(decoding: target[..<count], as: UTF8.self)
  }
}
