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
    let sizes = sizes(in: "/proc/meminfo")
    return sizes["MemAvailable"] ?? sizes["MemFree"]
  }

  /// The most bytes of memory that this process had, since ``forgetPeakMemory()`` if that was called: `VmHWM` of
  /// `/proc/self/status`; nil where there is no such file.
  public static func peakMemory() -> UInt64? {
    sizes(in: "/proc/self/status")["VmHWM"]
  }

  /// Makes ``peakMemory()`` begin anew (`/proc/self/clear_refs`, Linux 4.0); without that it only rises.
  public static func forgetPeakMemory() {
    guard let file = try? FileDescriptor.open(ordering: "/proc/self/clear_refs") else { return }
    let order: [UInt8] = [UInt8(ascii: "5")]
    try? unsafe file.append(order.span.bytes)
  }

  /// The lines of a file of /proc that are a number of KiB, in bytes, by their names.
  private static func sizes(in path: String) -> [Substring: UInt64] {
    guard let file = try? FileDescriptor.open(reading: path),
      var buffer = try? MappedBuffer(byteCount: 4096)
    else { return [:] }
    var bytes = buffer.mutableBytes
    guard let count = try? file.read(into: &bytes, at: FileOffset(0)) else { return [:] }
    let text = unsafe buffer.bytes.withUnsafeBytes { unsafe String(decoding: $0[..<count], as: UTF8.self) }
    var sizes: [Substring: UInt64] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split { $0 == " " || $0 == "\t" || $0 == ":" }
      if words.count == 3, words[2] == "kB", let kibibytes = UInt64(words[1]) {
        sizes[words[0]] = kibibytes << 10
      }
    }
    return sizes
  }

  /// Makes writing to a pipe that nobody reads, or past the largest file allowed (RLIMIT_FSIZE), an error
  /// instead of a signal that kills.
  public static func turnWriteSignalsIntoErrors() {
    clinux_ignore_signal(SIGPIPE)
    clinux_ignore_signal(SIGXFSZ)
  }
}
