import Foundation

/// A folder of a test's own, gone with it.
public final class ScratchFolder: Sendable {
  public let url: URL

  /// - Parameter place: where it is made.
  public init(in place: URL = FileManager.default.temporaryDirectory) throws {
    url = place.appending(path: "vmsieve-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  public func url(_ name: String) -> URL { url.appending(path: name) }
  public func path(_ name: String) -> String { url(name).path }

  public func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: url(name))
  }

  public var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}
