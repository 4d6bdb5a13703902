internal import CLinux

extension FileDescriptor {
  /// Creates a file that only its owner can read: it will hold a machine's memory.
  ///
  /// - Parameter replacing: whether a file that is there already gives way, where ``OverwritePolicy`` allows it;
  ///   without it, it is an error. A new file takes its place, so that neither its owner nor its mode, nor who has it
  ///   open, gets at what is written; a file that cannot be removed is emptied, and made its owner's alone.
  public static func create(_ path: String, replacing: Bool) throws(SystemError) -> FileDescriptor {
    if !replacing { return try createNew(path, named: path) }
    let place = try OverwritePolicy.resolve(path)
    guard unsafe access(place, F_OK) == 0 else { return try createNew(place, named: path) }
    let descriptor = try open(creating: place, named: path, O_NOFOLLOW)
    let file = try FileDescriptor(descriptor: descriptor, path: path)
    // Removed or emptied only now that it is known whose it is.
    try OverwritePolicy.check(descriptor, at: place, named: path)
    guard file.kind == .regular else { return file }
    if unsafe unlink(place) == 0 { return try createNew(place, named: path) }
    try file.keepToOneself()
    try file.truncate(to: 0)
    return file
  }

  /// Creates a file where there is none, and follows no link.
  ///
  /// - Parameter path: its name in messages.
  static func createNew(_ place: String, named path: String) throws(SystemError) -> FileDescriptor {
    let descriptor = try open(creating: place, named: path, O_EXCL)
    do throws(SystemError) { return try FileDescriptor(descriptor: descriptor, path: path) } catch {
      unsafe _ = unlink(place)
      throw error
    }
  }

  /// Takes a file's permissions from all but its owner, who must be whoever runs the program.
  private func keepToOneself() throws(SystemError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw .last("fstat", subject: path) }
    guard status.st_uid == geteuid() else {
      throw SystemError(
        "open", subject: path, code: .accessDenied,
        reason: "a file of another user that cannot be removed is not overwritten")
    }
    try SystemError.calling("fchmod", subject: path) { fchmod(descriptor, mode_t(S_IRUSR | S_IWUSR)) }
  }

  private static func open(
    creating place: String, named path: String, _ flag: Int32
  ) throws(SystemError) -> Int32 {
    let flags = O_RDWR | O_CREAT | O_CLOEXEC | flag
    return try SystemError.calling("open", subject: path) {
      unsafe clinux_open(place, flags, mode_t(S_IRUSR | S_IWUSR))
    }
  }
}
