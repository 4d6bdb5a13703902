import Foundation

/// A file of a test, removed with its owner.
public final class TemporaryFile: Sendable {
  public let path: String

  /// Writes `bytes` into a new file of the temporary folder.
  public init(_ bytes: [UInt8], suffix: String = "vmcore") throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("vmsieve-\(UUID().uuidString).\(suffix)").path
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}
