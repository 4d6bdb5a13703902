import Foundation
import Platform

/// A file of the temporary folder, removed with its owner.
final class TestFile {
  let path: String

  init(_ bytes: [UInt8] = []) throws {
    path = NSTemporaryDirectory() + "/vmsieve-\(UUID().uuidString)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Cuts the file, for whoever has it open too.
  func truncate(to size: UInt64) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: size)
    try handle.close()
  }

  var bytes: [UInt8] { [UInt8]((try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data()) }
}

/// Bytes that tell where they are.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8) &* 31) }
}

extension FileDescriptor {
  /// Reads into an array of the given length, and returns what came.
  borrowing func bytes(_ count: Int, at offset: UInt64) throws(SystemError) -> [UInt8] {
    var buffer = [UInt8](repeating: 0xee, count: count)
    var elements = buffer.mutableSpan
    var bytes = elements.mutableBytes
    let read = try read(into: &bytes, at: FileOffset(offset))
    return Array(buffer[..<read])
  }
}

func array(_ bytes: RawSpan) -> [UInt8] {
  bytes.withUnsafeBytes { Array($0) }
}
