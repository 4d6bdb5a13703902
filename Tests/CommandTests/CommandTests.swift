import DumpFixtures
import Foundation
import Testing

@testable import vmsieve

@Suite("The program keeps makedumpfile's manners")
struct CommandTests {
  @Test(
    "-v prints the version and the codecs",
    arguments: [["-v"], ["-v", "a"], ["--message-level", "0", "-v"]])
  func version(arguments: [String]) throws {
    let run = try ProgramUnderTest.run(arguments)
    #expect(run.status == 0)
    // Which library makes zlib's format is the build's.
    let library = run.output.contains("(libdeflate)") ? "libdeflate" : "zlib"
    #expect(
      run.output == """
        \(Program.versionLine(calledAs: "vmsieve"))
        zlib\tenabled (\(library))
        lzo\tenabled
        snappy\tenabled
        zstd\tenabled


        """)
    #expect(run.errors == "")
  }

  /// Whether a folder can be made the root for the program, and it needs nothing there.
  private static let runsAlone: Bool = {
    let start = try? FileHandle(forReadingAtPath: ProgramUnderTest.path)?.read(upToCount: 4096)
    let isStatic = start.map { !$0.contains("/ld-linux".utf8) } ?? false
    if geteuid() != 0 || !isStatic {
      print("ONLY ROOT CAN RUN A STATIC PROGRAM ALONE: THAT IT NEEDS NOTHING AROUND IT IS NOT TESTED")
    }
    return geteuid() == 0 && isStatic
  }()

  @Test("The program needs nothing around it, not even /proc", .enabled(if: runsAlone))
  func alone() throws {
    let folder = try ScratchFolder()
    try FileManager.default.copyItem(
      at: URL(filePath: ProgramUnderTest.path), to: folder.url.appending(path: "vmsieve"))
    let machine = try LargeMachine(memory: 16 << 20)
    try FileManager.default.copyItem(
      at: URL(filePath: machine.path), to: folder.url.appending(path: "vmcore"))
    let run = try ProgramUnderTest.run(
      "/usr/sbin/chroot", [folder.url.path, "/vmsieve", "-l", "-d", "1", "/vmcore", "/dump"])
    #expect(run.status == 0, "\(run)")
    #expect(try ProgramUnderTest.run(["verify", "dump"], in: folder.url).status == 0)
  }

  @Test("--help prints every option there is on stdout", arguments: ["-h", "--help", "--he"])
  func help(option: String) throws {
    let run = try ProgramUnderTest.run([option])
    #expect(run.status == 0)
    #expect(run.errors == "")
    #expect(run.output.contains("Usage: vmsieve [OPTION].. VMCORE DUMPFILE"))
    #expect(run.output.split(separator: "\n").allSatisfy { $0.utf8.count <= 100 })
  }

  @Test("A wrong command line fails with two hints on stdout and a last line")
  func wrongCommandLine() throws {
    let run = try ProgramUnderTest.run(["vmcore"])
    #expect(run.status == 1)
    #expect(
      run.output == """
        Commandline parameter is invalid.
        Try `vmsieve --help' for more information.

        vmsieve Failed.

        """)
    #expect(run.errors == "")
  }

  @Test("A message level without the classes silences them; the exit status stays")
  func silence() throws {
    let folder = try ScratchFolder()
    for arguments in [["-d", "77"], ["missing", "dump"], ["-E", "a", "b"], ["verify", "a"], []] {
      let run = try ProgramUnderTest.run(["--message-level", "0"] + arguments, in: folder.url)
      #expect(run.status == 1)
      #expect(run.output == "")
      #expect(run.errors == "")
    }
  }

  @Test("A vmcore that is not there is one line on stderr, and no dump is left behind")
  func missingVmcore() throws {
    let folder = try ScratchFolder()
    let run = try ProgramUnderTest.run(["-l", "-d", "31", "missing", "dump"], in: folder.url)
    #expect(run.status == 1)
    #expect(run.output == "\nvmsieve Failed.\n")
    #expect(run.errors.hasPrefix("vmsieve: "))
    #expect(run.errors.contains("missing"))
    #expect(run.errors.filter { $0 == "\n" }.count == 1)
    #expect(try folder.contents == [])
  }

  @Test(
    "A dump file that is there is left alone without -f, in a dry run too", arguments: [[], ["--dry-run"]])
  func existingTarget(options: [String]) throws {
    let folder = try ScratchFolder()
    try folder.write("old", to: "dump")
    let run = try ProgramUnderTest.run(options + ["missing", "dump"], in: folder.url)
    #expect(run.status == 1)
    #expect(run.output == "\nvmsieve Failed.\n")
    #expect(run.errors == "vmsieve: cannot create the dump file dump: File exists; -f overwrites it\n")
    #expect(try String(contentsOfFile: folder.path("dump"), encoding: .utf8) == "old")
  }

  @Test("Debug messages begin with the version and the command line, on stdout")
  func debug() throws {
    let folder = try ScratchFolder()
    let arguments = ["-D", "-b", "4", "--work-dir=/tmp", "missing", "dump"]
    let run = try ProgramUnderTest.run(arguments, in: folder.url)
    #expect(run.status == 1)
    let lines = run.output.split(separator: "\n").map(String.init)
    try #require(lines.count >= 3)
    #expect(lines[0] == Program.versionLine(calledAs: "vmsieve"))
    #expect(lines[1] == "command line: \(ProgramUnderTest.path) -D -b 4 --work-dir=/tmp missing dump")
    #expect(lines[2] == "accepted without effect: -b --work-dir")
  }

  @Test("Called makedumpfile, it speaks of itself by this name where scripts look")
  func otherName() throws {
    let folder = try ScratchFolder()
    let link = folder.path("makedumpfile")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: ProgramUnderTest.path)
    let run = try ProgramUnderTest.run(link, ["-d", "31", "vmcore"])
    #expect(run.status == 1)
    #expect(
      run.output == """
        Commandline parameter is invalid.
        Try `makedumpfile --help' for more information.

        makedumpfile Failed.

        """)
    #expect(try ProgramUnderTest.run(link, ["-h"]).output.contains("Usage: makedumpfile "))
    let missing = try ProgramUnderTest.run(link, ["missing", folder.path("dump")])
    #expect(missing.errors.hasPrefix("makedumpfile: "))
    #expect(missing.output == "\nmakedumpfile Failed.\n")
  }

  @Test(
    "A verb without a file names its own help, and one behind an option says that it goes first",
    arguments: ["repair", "inspect", "verify"])
  func misusedVerbs(verb: String) throws {
    let folder = try ScratchFolder()
    let wrong = try ProgramUnderTest.run([verb], in: folder.url)
    #expect(wrong.status == 1 && wrong.errors == "")
    #expect(wrong.output.hasSuffix("Try `vmsieve \(verb) --help' for more information.\n"))
    let late = try ProgramUnderTest.run(["-D", verb, "a"], in: folder.url)
    #expect(late.status == 1 && late.errors.contains("`\(verb)' is not the first word"))
  }

  @Test("A file name that is not UTF-8 is refused, not changed")
  func otherEncodings() throws {
    // A String cannot carry such a word through posix_spawn, a shell can.
    let folder = try ScratchFolder()
    let script = #"exec "$0" vmcore "$(printf 'dump\377')""#
    let run = try ProgramUnderTest.run("/bin/sh", ["-c", script, ProgramUnderTest.path], in: folder.url)
    #expect(run.status == 1)
    #expect(
      run.errors == "vmsieve: word 2 of the command line is not UTF-8: rename the file, or link to it\n")
    #expect(try folder.contents == [])
  }
}
