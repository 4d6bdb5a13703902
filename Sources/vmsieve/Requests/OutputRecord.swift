internal import Diskdump
internal import DumpMemory
internal import Platform

/// What an output was made of (`--skip-done`): a hash of the vmcore's identity and of the command line, in a note at the end
/// of the file.
struct OutputRecord: Equatable {
  /// SHA-256, in hexadecimal.
  let hash: String
  private let words: [String]

  /// Bytes of an input's beginning that are hashed: headers and notes, with the crash time and the processors' registers.
  private static let headBytes = 1 << 20

  /// - Parameters:
  ///   - inputs: the vmcore, or the files that it is in.
  ///   - others: files that options name.
  ///   - words: of the command line, but for the names of inputs and outputs.
  init(inputs: [String], others: [String], words: [String]) throws(SystemError) {
    self.words = words
    var digest = SHA256()
    for word in [Program.version] + words {
      let bytes = Array(word.utf8) + [0]
      unsafe digest.update(bytes.span.bytes)
    }
    for path in inputs {
      let file = try FileDescriptor.open(reading: path)
      let size = try file.size()
      let identity = Array("\(size) \(try file.modificationTime())\0".utf8)
      unsafe digest.update(identity.span.bytes)
      try Self.add(file, upTo: min(size, UInt64(Self.headBytes)), to: &digest)
    }
    for path in others {
      let file = try FileDescriptor.open(reading: path)
      try Self.add(file, upTo: try file.size(), to: &digest)
    }
    var bytes: [UInt8] = []
    digest.finish(appendingTo: &bytes)
    hash = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func add(
    _ file: borrowing FileDescriptor, upTo end: UInt64, to digest: inout SHA256
  ) throws(SystemError) {
    var buffer = try MappedBuffer(byteCount: 1 << 20)
    var done: UInt64 = 0
    while done < end {
      var bytes = buffer.mutableBytes(in: 0..<Int(min(end - done, UInt64(buffer.byteCount))))
      let count = try file.read(into: &bytes, at: FileOffset(done))
      guard count > 0 else { break }
      digest.update(buffer.bytes.extracting(first: count))
      done += UInt64(count)
    }
  }

  /// What a note begins with that was made of the same.
  static func firstLines(_ hash: String, _ status: ExitStatus) -> String {
    "made-of \(hash)\nstatus \(status.rawValue)\n"
  }

  /// Says in a file that it is done. What came of reading that failed is not: another time it may not fail.
  func write(to file: borrowing FileDescriptor, status: ExitStatus) throws(SystemError) {
    guard status == .completed || status == .inputLackedPages else { return }
    let text =
      Self.firstLines(hash, status) + "version \(Program.version)\noptions \(words.joined(separator: " "))\n"
    try EndNote(text).append(to: file)
  }
}
