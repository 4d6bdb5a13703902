internal import CLinux

extension FileDescriptor {
  /// Creates a file that only its owner can read: it will hold a machine's memory.
  ///
  /// - Parameter replacing: whether a file that is there already is emptied, where ``OverwritePolicy`` allows it;
  ///   without it, it is an error.
  public static func create(_ path: String, replacing: Bool) throws(SystemError) -> FileDescriptor {
    if !replacing { return try createNew(path) }
    let place = try OverwritePolicy.resolve(path)
    let descriptor = try open(creating: place, named: path, O_NOFOLLOW)
    let file = try FileDescriptor(descriptor: descriptor, path: path)
    // Emptied only now that it is known whose it is.
    try OverwritePolicy.check(descriptor, at: place, named: path)
    if file.kind == .regular { try file.truncate(to: 0) }
    return file
  }

  /// Creates a file where there is none, and follows no link.
  static func createNew(_ path: String) throws(SystemError) -> FileDescriptor {
    let descriptor = try open(creating: path, named: path, O_EXCL)
    do throws(SystemError) { return try FileDescriptor(descriptor: descriptor, path: path) } catch {
      unsafe _ = unlink(path)
      throw error
    }
  }

  private static func open(
    creating place: String, named path: String, _ flag: Int32
  ) throws(SystemError) -> Int32 {
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | flag
    return try SystemError.calling("open", path) {
      unsafe clinux_open(place, flags, mode_t(S_IRUSR | S_IWUSR))
    }
  }
}
