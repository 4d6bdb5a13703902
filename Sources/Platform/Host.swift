internal import CLinux

/// What this machine has to give: in a capture kernel, one processor and 256 MiB.
public enum Host {
  /// Processors that this process may run on.
  public static func usableProcessors() -> Int {
    Int(clinux_usable_processors())
  }

  /// Bytes that can be had without swapping: `MemAvailable` of `/proc/meminfo` (Linux 3.14), else `MemFree`;
  /// nil where there is no such file.
  public static func availableMemory() -> UInt64? {
    guard let file = try? FileDescriptor.open(reading: "/proc/meminfo"),
      var buffer = try? MappedBuffer(byteCount: 4096)
    else { return nil }
    var bytes = buffer.mutableBytes
    guard let count = try? file.read(into: &bytes, at: FileOffset(0)) else { return nil }
    let text = unsafe buffer.bytes.withUnsafeBytes { unsafe String(decoding: $0[..<count], as: UTF8.self) }
    var free: UInt64?
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 2, let kibibytes = UInt64(words[1]) else { continue }
      if words[0] == "MemAvailable:" { return kibibytes << 10 }
      if words[0] == "MemFree:" { free = kibibytes << 10 }
    }
    return free
  }

  /// Makes writing to a pipe that nobody reads, or past the largest file allowed (RLIMIT_FSIZE), an error
  /// instead of a signal that kills.
  public static func turnWriteSignalsIntoErrors() {
    clinux_ignore_signal(SIGPIPE)
    clinux_ignore_signal(SIGXFSZ)
  }
}
