import DumpFixtures
import Foundation
import Testing

@Suite("--check-params answers as makedumpfile does, and touches no file")
struct CheckParametersTests {
  private static let hint = "Commandline parameter is invalid.\nTry `vmsieve --help' for more information.\n"

  private func check(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.run(["--check-params"] + line.split(separator: " ").map(String.init))
  }

  @Test(
    "Good lines are accepted in silence",
    arguments: [
      "vmcore dump", "-l -d 31 vmcore dump", "-ld31 vmcore dump", "vmcore -ld31 dump", "vmcore dump -z",
      "-c vmcore dump", "-l vmcore dump", "-p vmcore dump", "-z vmcore dump", "-clpz vmcore dump",
      "-d 0 vmcore dump", "-d 31,17,1 vmcore dump", "-d x vmcore dump", "-d , vmcore dump",
      "-f vmcore dump", "-D vmcore dump", "-L 1G vmcore dump", "-L 0x10k vmcore dump",
      "--message-level 0 vmcore dump", "--message-level 31 vmcore dump", "--message 7 vmcore dump",
      "--message-level=7x vmcore dump", "--num-threads 4 vmcore dump", "--num-threads=-4 vmcore dump",
      "--num-threads x vmcore dump", "--non-mmap vmcore dump", "--dry-run vmcore dump",
      "--show-stats vmcore dump", "-b 4 vmcore dump", "--cyclic-buffer 1024 vmcore dump",
      "--work-dir /nowhere vmcore dump", "--dump-dmesg vmcore log", "--dump vmcore log",
      "--dump-dmesg --partial-dmesg vmcore log", "-F --dump-dmesg vmcore", "-F vmcore", "-lFd31 vmcore",
      "-F -l --num-threads 2 vmcore", "-R dump", "-R -f -d 0 dump", "-R --dump-dmesg dump",
      "-R --keep-partial dump", "-E vmcore dump", "-F -E -d 31 vmcore", "-E --num-threads 0 vmcore dump",
      "--split vmcore a b", "--split --splitblock-size 4096 -ld31 vmcore a b c",
      "--splitblock-size 3 vmcore dump",
      "--reassemble a b dump", "--reassemble dump", "--reassemble -f -d 0 --num-threads 2 a b dump",
      "--dump-dmesg -l -d 31 vmcore log", "-- vmcore dump", "-- -l -d", "- -",
      "/ /",
      // What kdump-utils and kdump-tools put in their configuration, as far as it is supported.
      "-l --message-level 7 -d 31 vmcore dump", "-l --message-level 7 -d 31 --num-threads=4 vmcore dump",
      "-c --message-level 1 -d 31 vmcore dump",
      "-x vmlinux vmcore dump", "-i info vmcore dump", "-g info -x vmlinux",
      "-x vmlinux --dump-dmesg vmcore log",
      "--mem-usage /proc/kcore", "--vtop 0x10 vmcore dump", "--config erase -x vmlinux vmcore dump",
      "--config erase vmcore dump",
      "--keep-comm sshd,bash vmcore dump", "-e --work-dir . vmcore dump", "-X vmcore dump",
      "-lX -d 31 vmcore dump",
      "--xen-syms xen vmcore dump", "--xen-vmcoreinfo xen vmcore dump", "--xen_phys_start 0 vmcore dump",
    ])
  func accepted(line: String) throws {
    let run = try check(line)
    #expect(run.status == 0)
    #expect(run.output == "")
    #expect(run.errors == "")
  }

  @Test(
    "A wrong number of operands gets the two lines on stdout",
    arguments: ["", "vmcore", "vmcore dump other", "-l -d 31", "--dry-run vmcore"])
  func operands(line: String) throws {
    let run = try check(line)
    #expect(run.status == 1)
    #expect(run.output == Self.hint)
    #expect(run.errors == "")
  }

  @Test(
    "A bad value is named",
    arguments: [
      ("-d 32 a b", "Dump_level(32) is invalid.\n"), ("-d -1 a b", "Dump_level(-1) is invalid.\n"),
      ("-d 31,77 a b", "Dump_level(77) is invalid.\n"),
      ("-d \((0..<33).map { _ in "1" }.joined(separator: ",")) a b", "Dump_level is invalid.\n"),
      ("--message-level 32 a b", "Message_level(32) is invalid.\n"),
      ("--message-level=-1 a b", "Message_level(-1) is invalid.\n"),
      ("-L 0 a b", "Limit size(0) is invalid.\n"), ("-L 12x a b", "Limit size(12x) is invalid.\n"),
      ("--message-level 0 -d 32 a b", "Dump_level(32) is invalid.\n"),
    ])
  func values(line: String, output: String) throws {
    let run = try check(line)
    #expect(run.status == 1)
    #expect(run.output == output)
    #expect(run.errors == "")
  }

  @Test(
    "What excludes each other is named, before the two lines",
    arguments: [
      ("--dump-dmesg --dry-run vmcore log", "--dry-run cannot be used with --dump-dmesg.\n"),
      ("-E --num-threads 2 vmcore dump", "--num-threads cannot used with ELF format.\n"),
      ("--split --num-threads 2 vmcore a b", "--num-threads cannot used with --split.\n"),
      ("--split -E vmcore a b", "Options for splitting dumpfile cannot be used with Elf format.\n"),
      ("--reassemble --dry-run a b dump", "--dry-run cannot be used with --reassemble.\n"),
      ("-E -l vmcore dump", ""), ("-zE vmcore dump", ""), ("--split vmcore a", ""), ("--reassemble", ""),
      ("--reassemble -c a b dump", ""), ("--reassemble -d 31 a b dump", ""), ("--reassemble -E a b dump", ""),
      ("--reassemble --split a b dump", ""), ("-R -E dump", ""),
      ("-R", ""), ("-R -c dump", ""), ("-R -d 31 dump", ""), ("-R vmcore dump", ""),
      ("--keep-partial vmcore dump", ""), ("--partial-dmesg vmcore log", ""), ("--dump-dmesg vmcore", ""),
      ("-x vmlinux -i info vmcore dump", ""), ("-g info", ""), ("-g info -x vmlinux dump", ""),
      ("-g info -x vmlinux -d 1", ""), ("-g info -x vmlinux -i other", ""), ("-R -x vmlinux dump", ""),
      ("--mem-usage", ""), ("--mem-usage a b c", ""),
      ("-e vmcore dump", "-e requires --work-dir\n"),
      ("-g info -x vmlinux --dry-run", "--dry-run cannot be used with -g.\n"),
    ])
  func conflicts(line: String, sentence: String) throws {
    let run = try check(line)
    #expect(run.status == 1)
    #expect(run.output == sentence + Self.hint)
    #expect(run.errors == "")
  }

  @Test(
    "With -F all of it is on stderr",
    arguments: [
      "-F --dump-dmesg vmcore log", "vmcore dump -F", "-F", "-F --split vmcore a b", "--reassemble -F a b c",
    ])
  func standardError(line: String) throws {
    let run = try check(line)
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors == Self.hint)
  }

  @Test(
    "What getopt_long does not take is said by it on stderr, and the two lines follow",
    arguments: [
      ("--foo a b", "unrecognized option '--foo'"), ("-Q a b", "invalid option -- 'Q'"),
      ("-o a b", "invalid option -- 'o'"), ("-d", "option requires an argument -- 'd'"),
      ("--message-level", "option '--message-level' requires an argument"),
      ("--dry-run=3 a b", "option '--dry-run' doesn't allow an argument"),
      ("--sp a b", "option '--sp' is ambiguous; possibilities: '--split' '--splitblock-size'"),
    ])
  func scanning(line: String, error: String) throws {
    let run = try check(line)
    #expect(run.status == 1)
    #expect(run.output == Self.hint)
    #expect(run.errors == "\(ProgramUnderTest.path): \(error)\n")
  }

  @Test(
    "What this version does not support is refused here already, by name",
    arguments: [
      ("--eppic erase vmcore dump", "--eppic"),
      ("--diskset a dump", "--diskset"),
      ("--message-level 0 --eppic x vmcore dump", "--eppic"),
    ])
  func notSupported(line: String, option: String) throws {
    let run = try check(line)
    #expect(run.status == 1)
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("vmsieve: this version does not support \(option): "))
    #expect(run.errors.filter { $0 == "\n" }.count == 1)
  }

  @Test(
    "What only leaves out more is no reason to refuse: a line says that it is not done",
    arguments: [
      ("--extension gpu.so vmcore dump", "--extension gpu.so"),
      ("--ext=gpu.so=a --extension b.so -l -d 31 vmcore dump", "--extension gpu.so=a"),
    ])
  func lacking(line: String, option: String) throws {
    let run = try check(line)
    #expect(run.status == 0)
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("vmsieve: warning: \(option) has no effect: "))
  }

  @Test("No file is created, emptied or missed")
  func filesAreLeftAlone() throws {
    let folder = try ScratchFolder()
    try folder.write("old", to: "dump")
    let lines = [["-f", "vmcore", "dump"], ["vmcore", "dump"], ["vmcore", "new"], ["verify", "dump"]]
    for line in lines {
      let run = try ProgramUnderTest.run(["--check-params"] + line, in: folder.url)
      #expect(run.status == 0)
    }
    #expect(try folder.contents == ["dump"])
    #expect(try String(contentsOfFile: folder.path("dump"), encoding: .utf8) == "old")
  }

  @Test("The option may stand anywhere; what is wrong before it ends with the line of a failed run")
  func position() throws {
    #expect(try ProgramUnderTest.run(["a", "b", "--check-params"]).output == "")
    let run = try ProgramUnderTest.run(["-d", "32", "--check-params", "a", "b"])
    #expect(run.status == 1)
    #expect(run.output == "Dump_level(32) is invalid.\n\nvmsieve Failed.\n")
  }
}
