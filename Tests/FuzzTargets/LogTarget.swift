import DumpFixtures
import DumpMemory
import KernelModel

/// The kernel's log, in each of its three forms.
public struct LogTarget: FuzzTarget {
  public static let name = "log"
  public static let input =
    "which log (1), whether since it was cleared (1), then changes of its variables and rings (KernelPatch)"
  public static let mostBytes = 1024

  private let kernels: [PatchedKernel]
  /// A log has 8 KiB here; each byte of it may become four, and each line has its time.
  private static let mostText = 1 << 20

  public init() {
    let lines = [
      "Linux version", "BUG: kernel NULL pointer dereference", "Kernel panic - not syncing: \u{1b}[31m",
    ]
    let entries = lines.enumerated().map { LogEntry($1, nanoseconds: UInt64($0) * 1_000_000_007, caller: 1) }
    kernels = [
      Self.kernel(.v3_10) {
        $0.writeCharacterLog(Array("<6>[    0.000000] Linux\n<4>second\u{7}\n".utf8), size: 64)
      },
      Self.kernel(.v4_14) { $0.writeRecordLog(entries, size: 512, cleared: 1) },
      Self.kernel(.v5_1) { $0.writeRecordLog(entries, size: 256, start: 100, hasCaller: true) },
      Self.kernel(.v5_10) { $0.writeRingLog(entries, before: 5, isLatched: false) },
      Self.kernel(.v6_1) { $0.writeRingLog(entries, countBits: 2, sizeBits: 8, before: 1000, cleared: 1001) },
    ]
  }

  private static func kernel(
    _ generation: KernelGeneration, write: (SyntheticKernel) -> Void
  ) -> PatchedKernel {
    var configuration = KernelConfiguration(generation)
    configuration.ram = [0..<64]
    configuration.patternedMemory = false
    let kernel = SyntheticKernel(configuration)
    write(kernel)
    let patched = PatchedKernel(kernel)
    patched.addWindow(physical: kernel.logVariables, byteCount: 64)
    patched.addWindow(image: kernel.text + 0x2b00, byteCount: 64)
    // The log begins at page 16: a buffer, or the ring's own structure, descriptors, informations and texts.
    for (page, count) in [(16, 512), (17, 384), (18, 1408), (19, 512)] {
      patched.addWindow(physical: UInt64(page) << 12, byteCount: count)
    }
    return patched
  }

  public func seeds() -> [FuzzSeed] {
    kernels.indices.flatMap { index in
      let begin = [UInt8(index), 0]
      let head = KernelPatch.bytes(0, window: 2, place: 3, value: 0x7ff)
      let length = KernelPatch.bytes(2, window: 2, place: 4, value: 0)
      let info = KernelPatch.bytes(9, place: 90, value: 1)
      return [
        FuzzSeed("plain-\(index)", begin), FuzzSeed("cleared-\(index)", [UInt8(index), 1]),
        FuzzSeed("head-\(index)", begin + head), FuzzSeed("length-\(index)", begin + length + info),
      ]
    }
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    var bytes = InputBytes(input)
    let patched = kernels[Int(bytes.byte()) % kernels.count]
    let sinceClear = bytes.byte() & 1 != 0
    guard let kernel = patched.patched(by: &bytes) else { return }
    if var log = try? KernelLog(kernel, sinceClear: sinceClear) { try Self.drain(&log) }
    if let summary = try? LogSummary(kernel, keeping: 8) {
      try FuzzFinding.unless(summary.lastLines.count <= 8, "of 8 lines \(summary.lastLines.count) were kept")
      for line in summary.lastLines {
        let isPlain = line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        try FuzzFinding.unless(isPlain, "a line has what a terminal obeys")
      }
    }
  }

  /// Reads a log to its end.
  static func drain(_ log: inout KernelLog) throws(FuzzFinding) {
    var output: [UInt8] = []
    while (try? log.appendNext(to: &output)) ?? false {
      try FuzzFinding.unless(output.count <= mostText, "a small log becomes \(output.count) bytes of text")
    }
    let isPlain = output.allSatisfy { 0x20...0x7e ~= $0 || $0 == 0x09 || $0 == 0x0a }
    try FuzzFinding.unless(isPlain, "the text has what a terminal obeys")
    _ = log.losses
  }
}
