import DumpFixtures
import Foundation
import Testing

@Suite("A dump's words do not reach the terminal as they are, and an answer that nobody got is no success")
struct HostileTextTests {
  private let folder: ScratchFolder
  private static let escape = "\u{1b}]0;owned\u{7}\u{1b}[2J\rvmsieve Completed."

  init() throws {
    folder = try ScratchFolder()
    let kernel = SyntheticKernel.withLowMemory()
    try Data(kernel.vmcore().bytes).write(to: folder.url.appending(path: "core"))
    kernel.setKey("OSRELEASE", kernel.configuration.generation.release + Self.escape)
    kernel.setKey("SYMBOL(\(Self.escape))", "12")
    try Data(kernel.vmcore().bytes).write(to: folder.url.appending(path: "hostile"))
  }

  private func shell(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.run("/bin/sh", ["-c", "V=\(ProgramUnderTest.path); \(line)"], in: folder.url)
  }

  @Test(
    "What VMCOREINFO says is shown with its controls as letters",
    arguments: [
      "$V --message-level 31 -D -f -d 31 hostile out", "$V inspect hostile", "$V inspect --json hostile",
      "$V -f --dump-dmesg -D hostile out", "$V --mem-usage -f hostile", "$V -d 31 -i hostile core out",
    ])
  func vmcoreinfo(_ line: String) throws {
    let run = try shell(line)
    for text in [run.output, run.errors] {
      #expect(
        !text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" }, "\(line): \(text)")
      #expect(
        !text.split(separator: "\n").contains {
          $0.hasPrefix("vmsieve Completed.") && line.contains("inspect")
        })
    }
  }

  @Test("So is what a dump's header says of the machine")
  func utsname() throws {
    #expect(try shell("$V -d 31 core dump").status == 0)
    var dump = try Data(contentsOf: folder.url.appending(path: "dump"))
    // utsname.machine, the fifth of 65 bytes behind signature and version.
    let place = 12 + 4 * 65
    dump.replaceSubrange(place..<place + Self.escape.utf8.count, with: Data(Self.escape.utf8))
    try dump.write(to: folder.url.appending(path: "dump"))
    let run = try shell("$V verify dump")
    #expect(run.status == 1 && run.errors.contains("\\x1b]0;owned\\x07\\x1b[2J\\x0dvmsieve"), "\(run)")
  }

  @Test(
    "Where an answer cannot be written the exit status says so",
    arguments: [
      "verify core", "verify --json core", "inspect core", "inspect --json core", "-v", "--help",
      "verify --help",
    ])
  func answers(_ arguments: String) throws {
    #expect(try shell("$V \(arguments)").status == 0)
    var run = try shell("$V \(arguments) > /dev/full")
    // 75 where another try may have room.
    #expect(run.status == (arguments.hasSuffix("core") ? 75 : 1), "\(run)")
    #expect(run.errors.contains("STDOUT: write: No space left on device: the answer is not there"), "\(run)")
    run = try shell("$V \(arguments) >&-")
    #expect(run.status == 1 && run.errors.contains("the answer is not there"), "\(run)")
  }

  @Test("A reader that has seen enough is told nothing")
  func brokenPipe() throws {
    let run = try shell("(sleep 0.3; $V --help; echo $? > status) 2> errors | true; cat status errors")
    #expect(run.output == "1\n", "\(run)")
  }

  @Test("A dump goes on where its messages cannot be written")
  func messages() throws {
    #expect(try shell("$V -D -d 31 core dump > /dev/full").status == 0)
  }

  @Test(
    "A file beyond its limit is refused: rules at its end would be lost without a word",
    arguments: ["--config", "-i"])
  func longFiles(option: String) throws {
    try Data((String(repeating: "# a comment\n", count: 90_000) + "[vmlinux]\nerase x\n").utf8)
      .write(to: folder.url.appending(path: "long"))
    let run = try shell("$V \(option) long -d 0 core dump")
    #expect(run.status == 1 && run.errors.contains("long: it has more than 1048576 bytes"), "\(run)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("dump")))
  }

  @Test(
    "A pipe where a file is wanted is refused at once",
    arguments: [
      "-d 1 P out", "--dump-dmesg P out", "-d 1 -x P core out", "-d 1 -i P core out",
      "-d 1 --config P core out",
      "-d 1 --system-map P core out", "-d 1 --sme-key P core out", "-g out -x P", "--reassemble P P out",
      "verify P",
      "inspect P", "repair P out",
    ])
  func pipes(_ arguments: String) throws {
    let line = "mkfifo pipe; exec timeout -s KILL 20 $V " + arguments.replacing("P", with: "pipe")
    let run = try shell(line)
    // A symbol table is looked at only by who needs it.
    let isIgnored = run.status == 0 && arguments.contains("--system-map")
    #expect(
      isIgnored || run.status == 1 && run.errors.contains("pipe: a pipe, where a file is wanted"), "\(run)")
  }

  @Test("A dump into a pipe is refused too, and says what a stream is made with")
  func pipeAsDump() throws {
    let run = try shell("mkfifo pipe; timeout -s KILL 20 $V -f -d 31 core pipe")
    #expect(run.status == 1 && run.errors.contains("pipe: a pipe, where a file is wanted; -F"), "\(run)")
  }
}
