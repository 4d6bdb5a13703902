internal import Platform

/// A short text file that the user named.
enum TextFile {
  /// Reads all of it; a file beyond the limit is refused.
  static func read(_ path: String, atMost limit: Int = 1 << 20) throws(SystemError) -> String {
    String(decoding: try FileDescriptor.contents(of: path, atMost: limit), as: UTF8.self)
  }

  /// Makes a file of a text; the file may be there already, as with `makedumpfile -g`. One that does not take all of it is
  /// removed: half of it might be taken for the whole.
  static func write(_ text: String, to path: String) throws(SystemError) {
    let file = try FileDescriptor.create(path, replacing: true)
    let bytes = Array(text.utf8)
    do throws(SystemError) {
      try unsafe file.append(bytes.span.bytes)
      try file.synchronize()
    } catch {
      _ = FileDescriptor.remove(path, created: file.identity)
      throw error
    }
  }

  /// Makes a file of a text, which appears whole or not at all.
  static func write(_ text: String, to path: String, replacing: Bool) throws(SystemError) {
    let target = try ReplacementFile(path, replacing: replacing)
    let bytes = Array(text.utf8)
    try unsafe target.file.append(bytes.span.bytes)
    try target.commit()
  }
}
