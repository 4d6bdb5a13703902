import Glibc

/// A file in memory, which holds one input after the other: what reads files opens it by its path.
final class MemoryFile {
  private let descriptor: Int32

  init() {
    var name = Array("/dev/shm/vmsieve-fuzz.XXXXXX".utf8CString)
    descriptor = mkstemp(&name)
    precondition(descriptor >= 0, "there is no file to be had in /dev/shm")
    // Whoever ends it, nothing stays.
    unlink(name)
  }

  deinit {
    close(descriptor)
  }

  /// Where the kernel shows it.
  var path: String { "/proc/self/fd/\(descriptor)" }

  /// Makes it hold some bytes and nothing else.
  func hold(_ bytes: [UInt8]) {
    let written = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    precondition(
      written == bytes.count && ftruncate(descriptor, bytes.count) == 0, "an input cannot be stored")
  }
}
