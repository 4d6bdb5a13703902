import DumpFixtures
import Foundation
import Testing

@Suite("What is read is never written, and messages never land in a dump")
struct InputSafetyTests {
  private let folder: ScratchFolder
  private let vmcore: [UInt8]

  init() throws {
    folder = try ScratchFolder()
    vmcore = SyntheticKernel.withLowMemory().vmcore().bytes
    try Data(vmcore).write(to: folder.url.appending(path: "core"))
  }

  /// Runs a line of the shell in the folder, with the program as `$V`.
  private func shell(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.run("/bin/sh", ["-c", "V=\(ProgramUnderTest.path); \(line)"], in: folder.url)
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.url.appending(path: name)))
  }

  private static let preparation =
    "ln core hard; ln -s core soft; ln -s . sub; echo 'erase x' > script; cp core info;"
    + " $V --message-level 0 --split -l -d 31 core p1 p2; $V --message-level 0 -F -l -d 31 core > flat"

  @Test(
    "An output that is an input, by any name and of any verb, is refused before anything is opened",
    arguments: [
      "$V -f -d 31 core core", "$V -d 31 core core", "$V -f -d 31 core ./core", "$V -f -d 31 core sub/core",
      "$V -f -d 31 core hard", "$V -f -d 31 core soft", "$V -f -d 31 soft core", "$V -f -E -d 31 hard core",
      "$V -f --dump-dmesg core core", "$V -f --dump-dmesg core hard", "$V -f --dry-run core core",
      "$V -f --split -d 31 core s1 core", "$V -f --split -d 31 core core s2",
      "$V -f --split -d 31 core s1 s1",
      "$V --split -d 31 core s1 ./s1", "$V --split -d 31 core s1 sub/s1", "$V -f --reassemble p1 p2 p1",
      "ln p2 p3; $V -f --reassemble p1 p2 p3", "$V -f -R flat < flat",
      "$V repair -f core core", "$V repair -f core hard", "$V -f --split-part 1/2 -d 31 core hard",
      "$V -f -d 31 --config script core script", "$V -f -d 31 -i info core info",
      "$V -f -d 31 -x hard core core",
      "$V -f -d 31 -x info core info", "$V -g core -x core", "$V -g hard -x core",
      "$V -f -d 31 /dev/fd/5 core 5< core", "$V -f -d 31 /proc/self/fd/5 hard 5< core",
      "$V -f -d 31 core /dev/fd/5 5<> hard", "$V -f -d 31 /dev/stdin core < core",
    ])
  func sameFile(_ line: String) throws {
    _ = try shell(Self.preparation)
    let before = try bytes("p1") + bytes("p2") + bytes("flat") + bytes("info") + bytes("script")
    let run = try shell(line)
    #expect(run.status == 1, "\(run)")
    #expect(run.errors.contains("the same file") && run.errors.contains("nothing was touched"), "\(run)")
    #expect(run.errors.filter { $0 == "\n" }.count == 1, "\(run)")
    #expect(try bytes("core") == vmcore)
    #expect(try bytes("p1") + bytes("p2") + bytes("flat") + bytes("info") + bytes("script") == before)
    #expect(!FileManager.default.fileExists(atPath: folder.path("s1")))
  }

  @Test(
    "Streams that lead to what is read, or to what is written, are refused without a word into them",
    arguments: [
      "$V -F -l -d 31 core 1<> core", "$V -F -l -d 31 core >> core", "$V -F -l -d 31 core 1<> hard",
      "$V -D -l -d 31 core dump >> core", "$V -D -l -d 31 core dump 2>> core",
      "$V -l -d 31 core dump >> core 2>&1",
      "$V verify core 1<> core", "$V inspect core >> core", "$V -F --dump-dmesg core >> hard",
      "$V --mem-usage core >> core", "$V -R dump < flat 1<> flat", "$V -f -D -l -d 31 core dump > dump",
      "$V -f -l -d 31 core dump 2> dump", "$V -f -D -l -d 31 core /dev/stdout > dump",
    ])
  func streams(_ line: String) throws {
    _ = try shell(Self.preparation)
    let flat = try bytes("flat")
    let run = try shell(line)
    #expect(run.status == 1, "\(run)")
    #expect(try bytes("core") == vmcore && bytes("flat") == flat)
    let dump = (try? bytes("dump")) ?? []
    #expect(dump.isEmpty, "\(String(decoding: dump.prefix(200), as: UTF8.self))")
    let both = run.output + run.errors
    if !(line.contains("2>&1") || (line.contains("-F") && line.contains("2>>"))) {
      #expect(both.contains("nothing was touched"), "\(run)")
    }
  }

  @Test(
    "With streams closed the output is the same byte for byte",
    arguments: ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-", "<&- >&-", "<&- 2>&-"])
  func closedStreams(_ closed: String) throws {
    let lines = [
      "$V -D --message-level 31 -l -d 31 core OUT", "$V -D --message-level 31 -E -d 31 core OUT",
      "$V --message-level 31 --split -l -d 31 core OUT OUT2",
    ]
    for line in lines {
      let wanted = try shell(line.replacing("OUT", with: "wanted"))
      let run = try shell(line.replacing("OUT", with: "out") + " " + closed)
      #expect(run.status == wanted.status)
      #expect(try bytes("out") == bytes("wanted"), "\(line) \(closed)")
      #expect(try bytes("core") == vmcore)
      _ = try shell("rm -f out* wanted*")
    }
  }

  @Test("A dump to a stdout that is closed, and one from a stdin that is, fail")
  func closedData() throws {
    var run = try shell("$V -F -l -d 31 core >&-")
    #expect(run.status == 1 && run.errors.contains("stdout is closed"), "\(run)")
    run = try shell("$V -R out <&-")
    #expect(run.status == 1 && !FileManager.default.fileExists(atPath: folder.path("out")), "\(run)")
  }

  // MARK: - Directories that others may write

  private static let canBeAnother: Bool = {
    if getuid() != 0 {
      print("NO FILES OF ANOTHER USER CAN BE MADE (that needs root): LINKS OF OTHERS ARE NOT TESTED")
    }
    return getuid() == 0
  }()

  private func victimStays(_ line: String, status: Int32, saying sentence: String) throws {
    _ = try shell(
      "rm -rf d victim; mkdir d; chmod 1777 d; echo precious > victim; cp core d/old; $V -F -l core > flat")
    let run = try shell(line)
    #expect(run.status == status, "\(line): \(run)")
    #expect(sentence.isEmpty || run.errors.contains(sentence), "\(line): \(run)")
    #expect(try String(decoding: bytes("victim"), as: UTF8.self) == "precious\n", "\(line)")
  }

  @Test("Links and files of other users in a directory that they may write are not followed or filled")
  func sharedDirectory() throws {
    guard Self.canBeAnother else { return }
    let link = "a symbolic link of another user"
    let file = "a file of another user"
    let theirs = "chown -h 65534:65534"
    try victimStays(
      "ln -s ../victim d/dump; \(theirs) d/dump; $V -f -l -d 31 core d/dump", status: 1, saying: link)
    try victimStays(
      "ln -s ../nothing d/dump; \(theirs) d/dump; $V -f -l -d 31 core d/dump; r=$?; [ ! -e nothing ] && exit $r",
      status: 1, saying: link)
    try victimStays(
      "ln -s ../victim d/dump; \(theirs) d/dump; ln -s d/dump own; $V -f -l core own", status: 1, saying: link
    )
    try victimStays(
      "ln -s ../victim d/s2; \(theirs) d/s2; $V -f --split -d 31 core d/s1 d/s2", status: 1, saying: link)
    try victimStays("touch d/dump; \(theirs) d/dump; $V -f -l core d/dump", status: 1, saying: file)
    try victimStays(
      "ln victim d/dump; $V -f -l core d/dump", status: 1, saying: "a file with another name")
    try victimStays(
      "ln -s ../victim d/info; \(theirs) d/info; $V -f -E core d/info", status: 1, saying: link)
    // What is the user's own is followed, and so is any link where nobody else may make one.
    try victimStays(
      "ln -s target d/dump; $V -f -l -d 31 core d/dump && [ -s d/target ]", status: 0, saying: "")
    try victimStays(
      "ln -s target dump; \(theirs) dump; chmod 755 .; $V -f -l -d 31 core dump && [ -s target ]", status: 0,
      saying: "")
  }

  @Test("What is written beside its place has a name that no other run has, and leaves nothing but the file")
  func besideItsPlace() throws {
    _ = try shell(
      "$V --message-level 0 -F -l core > flat; echo old > dump.0123456789abcdef.partial; ls > before")
    // As where a scheduler starts a task twice: each has its own, and the last one's counts.
    #expect(
      try shell("for i in 1 2 3 4; do $V -f -R dump < flat & done; wait; $V verify dump").status == 0)
    #expect(try shell("rm dump; [ \"$(ls | wc -l)\" = \"$(wc -l < before)\" ]").status == 0)
    #expect(try shell("[ \"$(cat dump.*.partial)\" = old ]").status == 0)
  }
}
