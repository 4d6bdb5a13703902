import Glibc

/// A whole file in memory. What reaches past its end is nil, never a crash.
final class MappedFile {
  let path: String
  let byteCount: Int
  private let base: UnsafeRawPointer

  init(_ path: String) throws(JudgeError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw JudgeError(path, String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > 0 else { throw JudgeError(path, "is empty") }
    let address = mmap(nil, status.st_size, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let address, address != MAP_FAILED else { throw JudgeError(path, "mmap: \(errno)") }
    self.path = path
    byteCount = status.st_size
    base = UnsafeRawPointer(address)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
  }

  func pointer(_ offset: UInt64, _ count: UInt64) -> UnsafeRawPointer? {
    let (end, overflow) = offset.addingReportingOverflow(count)
    guard !overflow, end <= UInt64(byteCount) else { return nil }
    return base + Int(offset)
  }

  func bytes(_ offset: UInt64, _ count: UInt64) -> [UInt8]? {
    pointer(offset, count).map { [UInt8](UnsafeRawBufferPointer(start: $0, count: Int(count))) }
  }

  func load<Value: FixedWidthInteger>(_ offset: UInt64, as type: Value.Type) throws(JudgeError) -> Value {
    guard let pointer = pointer(offset, UInt64(MemoryLayout<Value>.size)) else {
      throw JudgeError(path, "ends before offset \(offset)")
    }
    return Value(littleEndian: pointer.loadUnaligned(as: type))
  }
}
