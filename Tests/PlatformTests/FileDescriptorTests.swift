import Foundation
import Platform
import Testing

@Suite("File descriptors")
struct FileDescriptorTests {
  @Test("A read at the end of the file is short, and one behind it empty")
  func shortReads() throws {
    let file = try TestFile(pattern(10_000))
    let descriptor = try FileDescriptor.open(reading: file.path)
    #expect(try descriptor.bytes(4096, at: 0) == Array(pattern(10_000)[..<4096]))
    #expect(try descriptor.bytes(4096, at: 8192) == Array(pattern(10_000)[8192...]))
    #expect(try descriptor.bytes(4096, at: 10_000) == [])
    #expect(try descriptor.bytes(4096, at: 1 << 40) == [])
  }

  @Test(
    "A position that no file can have is an error, not a crash",
    arguments: [UInt64.max, 1 << 63, UInt64(Int64.max)])
  func impossiblePosition(offset: UInt64) throws {
    let file = try TestFile([1])
    let descriptor = try FileDescriptor.create(file.path, replacing: true)
    #expect(throws: SystemError("pread", subject: file.path, code: .invalidArgument)) {
      try descriptor.bytes(8, at: offset)
    }
    let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    #expect(throws: SystemError("pwrite", subject: file.path, code: .fileTooLarge)) {
      try descriptor.write(bytes.span.bytes, at: FileOffset(offset))
    }
    #expect(try descriptor.size() == 0)
  }

  @Test(
    "Writes land where they are told, beyond 4 GiB too, and leave holes of zeros",
    arguments: [UInt64(0), 5000, 5 << 30])
  func positionedWrites(offset: UInt64) throws {
    let file = try TestFile()
    let descriptor = try FileDescriptor.create(file.path, replacing: true)
    try descriptor.write(pattern(3000).span.bytes, at: FileOffset(offset))
    #expect(try descriptor.size() == offset + 3000)
    #expect(try descriptor.bytes(3000, at: offset) == pattern(3000))
    if offset > 0 { #expect(try descriptor.bytes(16, at: offset - 16) == [UInt8](repeating: 0, count: 16)) }
  }

  @Test("A full device takes nothing and says why")
  func fullDevice() throws {
    let descriptor = try FileDescriptor.create("/dev/full", replacing: true)
    let result = descriptor.writeAsMuchAsPossible(pattern(100).span.bytes, at: FileOffset(0))
    #expect(result.written == 0)
    #expect(result.error == SystemError("pwrite", subject: "/dev/full", code: .noSpace))
    #expect(result.error?.code.meansNoSpace == true)
  }

  @Test(
    "What a file is, is known",
    arguments: [("/dev/null", FileDescriptor.Kind.other), ("/proc/self/maps", .regular)])
  func kinds(path: String, kind: FileDescriptor.Kind) throws {
    #expect(try FileDescriptor.open(reading: path).kind == kind)
  }

  @Test("A pipe is known as one, and positioned writes to it fail")
  func pipe() throws {
    let pipe = Pipe()
    let descriptor = try FileDescriptor.duplicate(
      ofStandard: pipe.fileHandleForWriting.fileDescriptor, named: "a pipe")
    #expect(descriptor.kind == .pipeOrSocket)
    #expect(
      descriptor.writeAsMuchAsPossible(pattern(10).span.bytes, at: FileOffset(0)).error?.operation == "pwrite"
    )
  }

  @Test("Closing a duplicate leaves the original open")
  func duplicate() throws {
    let pipe = Pipe()
    func makeAndClose() throws {
      _ = try FileDescriptor.duplicate(ofStandard: pipe.fileHandleForWriting.fileDescriptor, named: "a pipe")
    }
    try makeAndClose()
    try pipe.fileHandleForWriting.write(contentsOf: Data([7]))
    #expect(try pipe.fileHandleForReading.read(upToCount: 1) == Data([7]))
  }

  @Test("A dump file is its owner's alone, and is not replaced unasked")
  func create() throws {
    let file = try TestFile([1, 2, 3])
    #expect(throws: SystemError("open", subject: file.path, code: .fileExists)) {
      try FileDescriptor.create(file.path, replacing: false).size()
    }
    #expect(file.bytes == [1, 2, 3])
    let new = file.path + ".new"
    defer { try? FileManager.default.removeItem(atPath: new) }
    #expect(try FileDescriptor.create(new, replacing: false).size() == 0)
    let mode = try FileManager.default.attributesOfItem(atPath: new)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(try FileDescriptor.create(file.path, replacing: true).size() == 0)
  }

  @Test("A file that is not there is an error that names it")
  func missing() {
    let error = #expect(throws: SystemError.self) {
      try FileDescriptor.open(reading: "/nowhere/vmcore").size()
    }
    #expect(error?.subject == "/nowhere/vmcore" && error?.operation == "open")
    #expect(error?.description == "/nowhere/vmcore: open: No such file or directory")
  }

  @Test("Truncating cuts and extends")
  func truncate() throws {
    let file = try TestFile()
    let descriptor = try FileDescriptor.create(file.path, replacing: true)
    try descriptor.write(pattern(5000).span.bytes, at: FileOffset(0))
    try descriptor.truncate(to: 100)
    try descriptor.truncate(to: 200)
    #expect(file.bytes == Array(pattern(5000)[..<100]) + [UInt8](repeating: 0, count: 100))
    #expect(throws: SystemError("ftruncate", subject: file.path, code: .fileTooLarge)) {
      try descriptor.truncate(to: .max)
    }
  }

  @Test("Reserved blocks are the file's, and read as zero")
  func allocate() throws {
    let file = try TestFile()
    let descriptor = try FileDescriptor.create(file.path, replacing: true)
    let isReserved = try descriptor.allocate(from: FileOffset(4096), byteCount: 1 << 20)
    #expect(try descriptor.size() == (isReserved ? 4096 + 1 << 20 : 0))
    var status = stat()
    #expect(stat(file.path, &status) == 0 && status.st_blocks * 512 >= (isReserved ? 1 << 20 : 0))
    #expect(try descriptor.bytes(64, at: 4096) == [UInt8](repeating: 0, count: isReserved ? 64 : 0))
    #expect(throws: SystemError("fallocate", subject: file.path, code: .fileTooLarge)) {
      try descriptor.allocate(from: FileOffset(UInt64(Int64.max)), byteCount: 1)
    }
  }

  @Test("Reserving blocks of a device is not possible, and no error")
  func allocateDevice() throws {
    let descriptor = try FileDescriptor.create("/dev/null", replacing: true)
    #expect(try !descriptor.allocate(from: FileOffset(0), byteCount: 4096))
    try descriptor.synchronize()
  }

  @Test("Errors that mean a full disk are told from those that mean a bad one")
  func meansNoSpace() {
    for code in [Errno.noSpace, .quotaExceeded, .fileTooLarge] { #expect(code.meansNoSpace) }
    for code in [Errno.inputOutput, .badAddress, .outOfMemory, .interrupted] { #expect(!code.meansNoSpace) }
  }

  @Test("What takes the place of a file is its maker's alone, and no other name of the file shows it")
  func replacing() throws {
    let folder = URL(fileURLWithPath: NSTemporaryDirectory() + "/vmsieve-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/dump"
    let other = folder.path + "/other"
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
    try #require(chmod(path, 0o4666) == 0 && link(path, other) == 0)
    let created = try FileDescriptor.create(path, replacing: true)
    try created.write([9 as UInt8].span.bytes, at: FileOffset(0))
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == [9])
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: other))) == [1, 2, 3])
  }

  @Test("A short file is read whole or not at all")
  func contents() throws {
    let file = try TestFile(pattern(5000))
    #expect(try FileDescriptor.contents(of: file.path, atMost: 5000) == pattern(5000))
    #expect(throws: SystemError.self) { try FileDescriptor.contents(of: file.path, atMost: 4999) }
  }

  @Test("A sparse file holds what it has blocks for")
  func storedSize() throws {
    let file = try TestFile(pattern(8192))
    try file.truncate(to: 1 << 30)
    let descriptor = try FileDescriptor.open(reading: file.path)
    #expect(try descriptor.size() == 1 << 30)
    #expect(try (8192...1 << 20).contains(descriptor.storedSize()))
  }

  @Test("A hole is one up to the end of a file, and what lies behind that is none")
  func nextData() throws {
    let file = try TestFile(pattern(8192))
    try file.truncate(to: 1 << 30)
    let descriptor = try FileDescriptor.open(reading: file.path)
    let (hole, end) = (UInt64(1 << 20), UInt64(1 << 30))
    #expect(descriptor.nextData(in: 4096..<end).lowerBound == 4096)
    #expect(descriptor.nextData(in: hole..<end) == end..<end)
    #expect(descriptor.nextData(in: hole..<end + 1) == hole..<end + 1)
    // As when it was cut after it was opened.
    try file.truncate(to: 8192)
    #expect(descriptor.nextData(in: hole..<end) == hole..<end)
  }

  @Test(
    "A file that was made for nothing is removed, but not what took its name, nor what it replaced beside")
  func removing() throws {
    let file = try TestFile()
    let link = file.path + ".link"
    symlink(file.path, link)
    defer { unlink(link) }
    let made = try FileDescriptor.create(link, replacing: true)
    #expect(FileDescriptor.remove(link, created: made.identity))
    #expect(access(file.path, F_OK) != 0)
    var status = stat()
    #expect(lstat(link, &status) == 0)
    // Another file has the name by now.
    _ = try FileDescriptor.create(file.path, replacing: true)
    #expect(!FileDescriptor.remove(file.path, created: made.identity))
    #expect(access(file.path, F_OK) == 0)
    let device = try FileDescriptor.create("/dev/full", replacing: true)
    #expect(device.identity == nil && !FileDescriptor.remove("/dev/full", created: device.identity))
  }
}
