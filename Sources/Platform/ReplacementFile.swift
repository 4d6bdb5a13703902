internal import CLinux

/// A file that appears under its name whole or not at all.
///
/// It is written beside its place under a name that nobody else has, also where several machines write the same one at the
/// same time, and renamed when all of it is on the disk. Whatever ends the program before leaves nothing under the name, but
/// a kill leaves the other. A link that has the name is replaced, and not followed.
public struct ReplacementFile: ~Copyable {
  public let file: FileDescriptor
  private let target: String
  private var isInPlace = false

  /// Where the file is until it has its name: `NAME.<16 hexadecimal digits>.partial`.
  public let temporaryPath: String

  /// - Parameter replacing: whether a file that has the name already gives way.
  public init(_ target: String, replacing: Bool) throws(SystemError) {
    if !replacing, unsafe access(target, F_OK) == 0 {
      throw SystemError("rename", subject: target, code: .fileExists)
    }
    var status = stat()
    if unsafe stat(target, &status) == 0, Int32(bitPattern: status.st_mode) & S_IFMT != S_IFREG {
      throw SystemError(
        "rename", subject: target, code: .fileExists, reason: "it is no regular file, and is not replaced")
    }
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    let place = target + "." + String(repeating: "0", count: 16 - digits.utf8.count) + digits + ".partial"
    let file = try FileDescriptor.createNew(place, named: place)
    self.file = file
    self.target = target
    temporaryPath = place
  }

  deinit {
    if !isInPlace { unsafe _ = unlink(temporaryPath) }
  }

  /// Waits for the disk and gives the file its name.
  public consuming func commit() throws(SystemError) {
    try file.synchronize()
    guard unsafe rename(temporaryPath, target) == 0 else { throw .last("rename", subject: target) }
    isInPlace = true
  }
}
