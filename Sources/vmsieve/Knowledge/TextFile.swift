internal import Platform

/// A short text file that the user named.
enum TextFile {
  /// Reads it, up to a limit.
  static func read(_ path: String, atMost limit: Int) throws(SystemError) -> String {
    let file = try FileDescriptor.open(reading: path)
    var buffer = try PageBuffer(byteCount: limit)
    let count = try fill(&buffer, file)
    return buffer.bytes.extracting(0..<count).decodedText
  }

  private static func fill(
    _ buffer: inout PageBuffer, _ file: borrowing FileDescriptor
  ) throws(SystemError) -> Int {
    var bytes = buffer.mutableBytes
    return try file.read(into: &bytes, at: FileOffset(0))
  }

  /// Makes a file of a text; the file may be there already, as with `makedumpfile -g`.
  static func write(_ text: String, to path: String) throws(SystemError) {
    let file = try FileDescriptor.create(path, replacing: true)
    let bytes = Array(text.utf8)
    try unsafe file.append(bytes.span.bytes)
    try file.synchronize()
  }
}

extension RawSpan {
  fileprivate var decodedText: String {
    unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
