import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// The program's run over one damaged vmcore, in a small address space and for a short time.
struct HostileRun {
  /// KiB of address space. With 3 threads a sound vmcore of this size takes less than 32 MiB.
  static let addressSpace = ProgramUnderTest.addressSpace(256 << 10)
  /// Seconds; a run takes some hundredths of one.
  static let seconds = ProgramUnderTest.isSanitized ? 120 : 20
  /// Blocks of 512 bytes that the dump may take, 64 MiB.
  static let fileBlocks = 128 << 10

  private let run: ProgramRun
  private let scratch: ScratchFolder
  private let name: String
  private var dump: String { scratch.path("dump") }

  init(_ vmcore: [UInt8], _ options: [String], name: String) throws {
    scratch = try ScratchFolder()
    self.name = name + " " + options.joined(separator: " ")
    try Data(vmcore).write(to: scratch.url.appending(path: "vmcore"))
    let limits = "ulimit -c 0; ulimit -v \(Self.addressSpace); ulimit -f \(Self.fileBlocks); exec \"$@\""
    let program = ["/usr/bin/timeout", "-s", "KILL", String(Self.seconds), ProgramUnderTest.path]
    run = try ProgramUnderTest.run(
      "/bin/sh",
      ["-c", limits, "sh"] + program + ["--message-level", "4"] + options
        + [scratch.path("vmcore"), scratch.path("dump")])
  }

  /// States what holds for every input.
  func judge() throws {
    let stdout = run.output
    let lines = run.errors.split(separator: "\n")
    #expect(
      [0, 1, 4].contains(run.status), "\(name): exit status \(run.status)\n\(run.errors.suffix(600))")
    #expect(stdout.isEmpty, "\(name): \(stdout.prefix(200))")
    if run.status == 0 {
      try judgeWholeDump()
    } else {
      // What was cut says what is missing, too.
      #expect(
        (1...(run.status == 4 ? 6 : 3)).contains(lines.count),
        "\(name): \(lines.count) lines\n\(run.errors.prefix(600))")
      judgeRest()
    }
  }

  /// Exit status 0 promises a dump that every reader takes, each of its pages there.
  private func judgeWholeDump() throws {
    let whole = try KdumpDump(dump)
    #expect(!whole.header.isIncomplete, "\(name)")
    // A vmcore whose notes are damaged names no processor, and so does its dump.
    let breaches = whole.breaches().filter { $0 != "nr_cpus is 0" }
    #expect(breaches.isEmpty, "\(name): \(breaches.prefix(3))")
    var bad: [String] = []
    whole.forEachPage { pfn, _, content in
      if case .failure(let failure) = content { bad.append("\(pfn): \(failure)") }
    }
    #expect(bad.isEmpty, "\(name): \(bad.count) pages cannot be read, \(bad.prefix(3))")
  }

  /// Another exit status leaves nothing behind that could be taken for a whole dump.
  private func judgeRest() {
    guard FileManager.default.fileExists(atPath: dump), let rest = try? KdumpDump(dump) else { return }
    #expect(rest.header.isIncomplete, "\(name): looks whole")
    let breaches = rest.breaches().filter { $0 != "nr_cpus is 0" }
    #expect(breaches.isEmpty, "\(name): \(breaches.prefix(3))")
  }
}
