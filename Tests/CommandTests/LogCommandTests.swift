import DumpFixtures
import Foundation
import Testing

@Suite("--dump-dmesg saves the dead kernel's messages")
struct LogCommandTests {
  /// Messages with everything that is written in a special way.
  static let entries = [
    LogEntry("Linux version"), LogEntry("two\nlines", nanoseconds: 1_500_000_999, caller: 1),
    LogEntry("", nanoseconds: 2_000_000_000),
    LogEntry([0x41, 9, 0x0b, 0x0c, 0x0d, 0x42, 0x7f, 0x80, 0xff, 0], caller: 1 << 31 | 2),
    LogEntry("day 3\n", nanoseconds: 259_200_123_456_789, caller: 99_999_999),
  ]

  enum Form: String, CaseIterable {
    case characters, records, recordsWithCaller, ring
  }

  static func kernel(_ form: Form) -> SyntheticKernel {
    let kernel: SyntheticKernel
    switch form {
    case .characters:
      kernel = SyntheticKernel(.v3_10)
      kernel.setKey("OSRELEASE", "3.4.113")
      kernel.writeCharacterLog(
        (0..<5000).map { $0 % 70 == 69 ? 10 : 32 + UInt8($0 % 90) }, size: 4096, overwritten: 1111)
    case .records:
      kernel = SyntheticKernel(.v4_4)
      kernel.writeRecordLog(entries, size: 256, start: 200, cleared: 2)
    case .recordsWithCaller:
      kernel = SyntheticKernel(.v5_1)
      kernel.writeRecordLog(entries, size: 4096, hasCaller: true, cleared: 2)
    case .ring:
      kernel = SyntheticKernel(.v6_1)
      kernel.writeRingLog(entries, cleared: 2)
    }
    return kernel
  }

  /// The text without who printed a message, which makedumpfile before 1.7.4 does not show, and without the
  /// indentation of further lines, which is as wide as what stands before the first.
  private func withoutCallers(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.replacing(#/^(\[ *[0-9]+\.[0-9]{6}\] )\[ *[TC][0-9]+\] /#, with: { $0.output.1 })
        .replacing(#/^ +/#, with: "")
    }
    return lines.joined(separator: "\n")
  }

  @Test(
    "The text is makedumpfile's, byte by byte, but for blanks that move a terminal's cursor",
    .enabled(if: MakedumpfileComparisonTests.peer != nil),
    // makedumpfile refuses kernels that are old enough for a buffer of characters.
    arguments: [Form.records, .recordsWithCaller, .ring], [[], ["--partial-dmesg"]])
  func sameText(form: Form, options: [String]) throws {
    let peer = try #require(MakedumpfileComparisonTests.peer)
    let folder = try ScratchFolder()
    let vmcore = try Self.kernel(form).vmcore().write()
    let arguments = options + ["--dump-dmesg", vmcore.path]
    let theirs = try ProgramUnderTest.run(peer, arguments + [folder.path("theirs")])
    try #require(theirs.status == 0, "\(theirs)")
    let ours = try ProgramUnderTest.run(arguments + [folder.path("ours")])
    #expect(ours.status == 0)
    #expect(ours.output == "\nThe dmesg log is saved to \(folder.path("ours")).\n\nvmsieve Completed.\n")
    #expect(ours.errors == "")
    let text = try String(contentsOfFile: folder.path("ours"), encoding: .isoLatin1)
    let reference = try String(contentsOfFile: folder.path("theirs"), encoding: .isoLatin1)
      // It shows the byte 0x80 as a negative number.
      .replacingOccurrences(of: "\\xffffff", with: "\\x")
      .replacingOccurrences(of: "\u{b}\u{c}\r", with: "\\x0b\\x0c\\x0d")
    #expect(text == reference || withoutCallers(text) == withoutCallers(reference), "\(text)\n\(reference)")
    #expect(!text.isEmpty)
  }

  @Test("The file can be read by its owner only, and is not replaced without -f")
  func file() throws {
    let folder = try ScratchFolder()
    let vmcore = try Self.kernel(.ring).vmcore().write()
    let arguments = ["--dump-dmesg", vmcore.path, folder.path("log")]
    #expect(try ProgramUnderTest.run(arguments).status == 0)
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("log"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try ProgramUnderTest.run(arguments).status == 1)
    #expect(try ProgramUnderTest.run(["-f"] + arguments).status == 0)
  }

  @Test("With -F the text goes to stdout, and every message to stderr")
  func standardOutput() throws {
    let folder = try ScratchFolder()
    let vmcore = try Self.kernel(.ring).vmcore().write()
    _ = try ProgramUnderTest.run(["--dump-dmesg", vmcore.path, folder.path("log")])
    let run = try ProgramUnderTest.run(["-F", "--dump-dmesg", vmcore.path])
    #expect(run.status == 0)
    #expect(run.output == (try String(contentsOfFile: folder.path("log"), encoding: .utf8)))
    #expect(run.errors == "\nThe dmesg log is saved to STDOUT.\n\nvmsieve Completed.\n")
  }

  @Test("SUSE's kdump finds OSRELEASE and CRASHTIME on stderr, indented by two blanks")
  func levelOfSUSE() throws {
    let vmcore = try Self.kernel(.ring).vmcore().write()
    let run = try ProgramUnderTest.run(["-F", "--message-level", "8", "--dump-dmesg", vmcore.path])
    #expect(run.status == 0)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("  OSRELEASE=6.1.") })
    #expect(lines.contains("  CRASHTIME=1700000000"))
    #expect(run.output.hasPrefix("[    0.000000] [      T0] Linux version\n"))
  }

  @Test("A damaged log is saved up to the damage, with one line that says so")
  func damaged() throws {
    let folder = try ScratchFolder()
    let kernel = Self.kernel(.records)
    kernel.memory.store(UInt32(255), at: kernel.logVariables + 24)
    let vmcore = try kernel.vmcore().write()
    let run = try ProgramUnderTest.run(["--dump-dmesg", vmcore.path, folder.path("log")])
    #expect(run.status == 1)
    #expect(run.output == "\nvmsieve Failed.\n")
    #expect(run.errors.contains("the kernel's log is damaged: "))
    #expect(run.errors.filter { $0 == "\n" }.count == 1)
    #expect(
      try String(contentsOfFile: folder.path("log"), encoding: .utf8).hasPrefix(
        "[    0.000000] Linux version\n"))
  }

  @Test("A vmcore without VMCOREINFO has no log")
  func withoutInfo() throws {
    let folder = try ScratchFolder()
    var builder = Self.kernel(.ring).elf()
    builder.notes = [.prstatus(cpu: 0)]
    let vmcore = try builder.build().write()
    let run = try ProgramUnderTest.run(["--dump-dmesg", vmcore.path, folder.path("log")])
    #expect(run.status == 1)
    #expect(run.errors.contains("doesn't contain vmcoreinfo"))
    #expect(try folder.contents == [])
  }
}
