import Platform
import Synchronization
import Testing

@Suite("Mappings and buffers")
struct MemoryTests {
  /// What a mapping shows.
  private func map(
    _ file: borrowing FileDescriptor, from offset: UInt64, byteCount: Int
  ) throws(SystemError) -> [UInt8] {
    let mapping = try FileMapping(file, from: FileOffset(offset), byteCount: byteCount)
    return array(mapping.bytes)
  }

  private func freshBytes(byteCount: Int) throws(SystemError) -> [UInt8] {
    let buffer = try MappedBuffer(byteCount: byteCount)
    return array(buffer.bytes)
  }

  @Test("A mapping shows the file's bytes", arguments: [0, 4096, 8192])
  func mapping(offset: Int) throws {
    let file = try TestFile(pattern(16384))
    let descriptor = try FileDescriptor.open(reading: file.path)
    let mapped = try map(descriptor, from: UInt64(offset), byteCount: 8192)
    #expect(mapped == Array(pattern(16384)[offset..<offset + 8192]))
  }

  @Test(
    "Mapping past the end of a file is an error, and not a SIGBUS later", arguments: [4096, 8192, 1 << 20])
  func pastTheEnd(byteCount: Int) throws {
    let file = try TestFile(pattern(4096))
    let descriptor = try FileDescriptor.open(reading: file.path)
    let error = #expect(throws: SystemError.self) {
      try map(descriptor, from: 4096, byteCount: byteCount)
    }
    #expect(error?.operation == "madvise" && error?.code == .badAddress)
  }

  @Test("A file that was cut after it was measured cannot be mapped as it was")
  func cutMeanwhile() throws {
    let file = try TestFile(pattern(1 << 16))
    let reader = try FileDescriptor.open(reading: file.path)
    #expect(try reader.size() == 1 << 16)
    try file.truncate(to: 0)
    try file.truncate(to: 4096)
    #expect(throws: SystemError("madvise", subject: file.path, code: .badAddress)) {
      try map(reader, from: 0, byteCount: 1 << 16)
    }
    #expect(try map(reader, from: 0, byteCount: 4096) == [UInt8](repeating: 0, count: 4096))
  }

  @Test("A page that is gone when it is read is a fault, reads as zeros, and ends nothing")
  func cutWhileMapped() throws {
    let file = try TestFile(pattern(1 << 16))
    let reader = try FileDescriptor.open(reading: file.path)
    let mapping = try FileMapping(reader, from: FileOffset(0), byteCount: 1 << 16)
    #expect(mapping.fault(in: 0..<1 << 16) == nil)
    try file.truncate(to: 8192)
    #expect(mapping.fault(in: 4096..<8192) == nil)
    #expect(mapping.fault(in: 8191..<8193) == .address)
    #expect(array(mapping.bytes)[8192..<12288] == ArraySlice(repeating: 0, count: 4096))
    #expect(array(mapping.bytes)[4096..<8192] == pattern(1 << 16)[4096..<8192])
    // The window keeps the fault; another has none of it.
    #expect(mapping.fault(in: 0..<4096) == .address)
    let other = try FileMapping(reader, from: FileOffset(4096), byteCount: 4096)
    #expect(other.fault(in: 0..<4096) == nil)
  }

  @Test("Windows of several threads fail each for itself")
  func cutWhileMappedByMany() throws {
    let faults = Counter()
    let threads = ThreadGroup()
    for _ in 0..<4 {
      #expect(
        threads.start {
          for _ in 0..<100 where (try? Self.isCutWhileMapped()) == true {
            faults.count.add(1, ordering: .relaxed)
          }
        })
    }
    threads.join()
    #expect(faults.count.load(ordering: .relaxed) == 400)
  }

  private final class Counter: Sendable {
    let count = Atomic(0)
  }

  /// Whether of two windows onto a file the one fails whose page is cut off, and only that.
  private static func isCutWhileMapped() throws -> Bool {
    let file = try TestFile(pattern(8192))
    let reader = try FileDescriptor.open(reading: file.path)
    let kept = try FileMapping(reader, from: FileOffset(0), byteCount: 4096)
    let lost = try FileMapping(reader, from: FileOffset(4096), byteCount: 4096)
    try file.truncate(to: 4096)
    return lost.fault(in: 0..<4096) == .address && kept.fault(in: 0..<4096) == nil
  }

  @Test(
    "An empty window, or one that begins within a page, is refused",
    arguments: [(0, 0), (1, 4096), (512, 512)])
  func badWindow(offset: UInt64, byteCount: Int) throws {
    let file = try TestFile(pattern(16384))
    let descriptor = try FileDescriptor.open(reading: file.path)
    #expect(throws: SystemError("mmap", subject: file.path, code: .invalidArgument)) {
      try map(descriptor, from: offset, byteCount: byteCount)
    }
  }

  @Test("What cannot be mapped is an error")
  func unmappable() throws {
    let descriptor = try FileDescriptor.open(reading: "/proc/self/maps")
    #expect(throws: SystemError.self) {
      try map(descriptor, from: 0, byteCount: 4096)
    }
  }

  @Test("A buffer is zero, begins at a page, and keeps what is written", arguments: [1, 4096, 100_000])
  func buffer(byteCount: Int) throws {
    #expect(try freshBytes(byteCount: byteCount) == [UInt8](repeating: 0, count: byteCount))
    var buffer = try MappedBuffer(byteCount: byteCount)
    let address = buffer.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    #expect(address % 4096 == 0)
    mark(&buffer)
    let last = array(buffer.bytes).last
    #expect(last == 0xab)
  }

  private func mark(_ buffer: inout MappedBuffer) {
    let last = buffer.byteCount - 1
    var bytes = buffer.mutableBytes
    bytes.storeBytes(of: 0xab, toByteOffset: last, as: UInt8.self)
  }

  @Test("A buffer of no bytes can be had")
  func emptyBuffer() throws {
    #expect(try freshBytes(byteCount: 0) == [])
  }

  @Test("Memory that there is not is an error")
  func outOfMemory() {
    let error = #expect(throws: SystemError.self) { try freshBytes(byteCount: 1 << 60) }
    #expect(error?.code == .outOfMemory)
  }

  @Test("This machine has processors, and memory to spare")
  func machine() throws {
    #expect(Host.usableProcessors() >= 1)
    #expect(try #require(Host.availableMemory()) > 1 << 20)
  }
}
