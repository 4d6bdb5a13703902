import Foundation
import Platform
import Testing

@Suite("Copies of files")
struct FileCopyTests {
  private func copy(_ path: String, byteCount: UInt64) throws -> TestFile {
    let target = try TestFile()
    let source = try FileDescriptor.open(reading: path)
    let file = try FileDescriptor.create(target.path, replacing: true)
    var last: UInt64 = 0
    try source.copy(to: file, byteCount: byteCount) { done in
      #expect(done > last)
      last = done
    }
    return target
  }

  @Test("A copy has the same bytes, holes and length")
  func holes() throws {
    let file = try TestFile()
    let descriptor = try FileDescriptor.create(file.path, replacing: true)
    let data = pattern(100_000)
    try descriptor.write(data.span.bytes, at: FileOffset(0))
    try descriptor.write(data.span.bytes, at: FileOffset(64 << 20))
    try descriptor.truncate(to: 96 << 20)
    let target = try copy(file.path, byteCount: 96 << 20)
    #expect(FileManager.default.contentsEqual(atPath: file.path, andPath: target.path))
    var status = stat()
    #expect(stat(target.path, &status) == 0)
    #expect(status.st_size == 96 << 20 && status.st_blocks * 512 < 8 << 20)
  }

  @Test("A file that has become shorter is an error, and one that has grown is copied as far as asked")
  func lengths() throws {
    let file = try TestFile(pattern(10_000))
    #expect(throws: SystemError("read", subject: file.path, code: .inputOutput)) {
      _ = try copy(file.path, byteCount: 20_000)
    }
    let target = try copy(file.path, byteCount: 5000)
    #expect(try Data(contentsOf: URL(filePath: target.path)) == Data(pattern(10_000)[..<5000]))
  }

  @Test("Where the kernel cannot copy between two files, they are read and written")
  func otherFilesystem() throws {
    // procfs has no lengths, no holes, and no copy_file_range.
    let text = try Data(contentsOf: URL(filePath: "/proc/version"))
    let target = try copy("/proc/version", byteCount: UInt64(text.count))
    #expect(try Data(contentsOf: URL(filePath: target.path)) == text)
  }
}
