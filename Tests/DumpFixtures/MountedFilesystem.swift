import Foundation

/// A small filesystem of its own, unmounted with its owner. Needs the rights to mount.
public final class MountedFilesystem {
  public enum Kind: CaseIterable, Sendable {
    case tmpfs
    /// Through a loop device, and without fallocate(2).
    case ext2
  }

  public let folder: String
  private let image: String

  public init(_ kind: Kind, byteCount: Int) throws {
    folder = NSTemporaryDirectory() + "/vmsieve-mount-\(UUID().uuidString)"
    image = folder + ".image"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    switch kind {
    case .tmpfs:
      try Self.run("mount", "-t", "tmpfs", "-o", "size=\(byteCount)", "none", folder)
    case .ext2:
      try Self.run("truncate", "-s", "\(byteCount)", image)
      try Self.run("mkfs.ext2", "-q", "-F", "-m", "0", image)
      try Self.run("mount", "-o", "loop", image, folder)
    }
  }

  deinit {
    try? Self.run("umount", folder)
    try? FileManager.default.removeItem(atPath: folder)
    try? FileManager.default.removeItem(atPath: image)
  }

  /// Whether this machine lets the tests mount both kinds.
  public static let isPossible: Bool = Kind.allCases.allSatisfy {
    (try? MountedFilesystem($0, byteCount: 1 << 20)) != nil
  }

  private struct CommandFailed: Error {
    var command: [String]
    var status: Int32
  }

  private static func run(_ command: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.runHearingSignals()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandFailed(command: command, status: process.terminationStatus)
    }
  }
}
