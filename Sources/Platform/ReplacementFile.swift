internal import CLinux

/// A file that appears under its name whole or not at all.
///
/// It is written beside its place as `NAME.partial` and renamed when all of it is on the disk; whatever ends
/// the program before leaves nothing under the name. A link that has the name is replaced, and not followed.
public struct ReplacementFile: ~Copyable {
  public let file: FileDescriptor
  private let target: String
  private var isInPlace = false

  /// Where the file is until it has its name.
  public var temporaryPath: String { Self.temporaryName(of: target) }

  /// - Parameter replacing: whether a file that has the name already gives way.
  public init(_ target: String, replacing: Bool) throws(SystemError) {
    if !replacing, unsafe access(target, F_OK) == 0 {
      throw SystemError("rename", subject: target, code: .fileExists)
    }
    let place = Self.temporaryName(of: target)
    try OverwritePolicy.removeLeftover(place)
    let file = try FileDescriptor.createNew(place, named: place)
    self.file = file
    self.target = target
  }

  deinit {
    if !isInPlace { unsafe _ = unlink(Self.temporaryName(of: target)) }
  }

  /// Waits for the disk and gives the file its name.
  public consuming func commit() throws(SystemError) {
    try file.synchronize()
    guard unsafe rename(Self.temporaryName(of: target), target) == 0 else {
      throw .last("rename", subject: target)
    }
    isInPlace = true
  }

  /// Where a file that is to have a name is written.
  public static func temporaryName(of target: String) -> String { target + ".partial" }
}
