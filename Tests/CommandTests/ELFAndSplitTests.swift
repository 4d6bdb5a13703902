import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("-E, --split and --reassemble")
struct ELFAndSplitTests: ShellSuite {
  let folder: ScratchFolder
  private let vmcore: TemporaryFile

  var core: String { vmcore.path }

  init() throws {
    folder = try ScratchFolder()
    vmcore = try FlattenedTests.vmcore()
  }

  private func mode(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(name))
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test("An ELF core has every page that the kdump-compressed dump has", arguments: [0, 1, 31])
  func elf(level: Int) throws {
    try expectSuccess("$v -E -d \(level) $core elf; $v -l -d \(level) $core kdump; $v verify elf")
    let core = try ELFVmcore(folder.path("elf"))
    let truth = try ELFVmcore(vmcore.path)
    var wrong: [UInt64] = []
    for pfn in try KdumpDump(folder.path("kdump")).dumped.frames {
      let page = truth.content(pfn)
      // A page of zeros may be left out; readers make zeros of it.
      let isThere = core.content(pfn).map { $0.elementsEqual(page!) } ?? page!.allSatisfy { $0 == 0 }
      if !isThere { wrong.append(pfn) }
    }
    #expect(wrong == [])
    #expect(core.notes == truth.notes)
    #expect(try mode("elf") == 0o600)
  }

  @Test("Through a pipe it is the same core, in another order")
  func flattened() throws {
    try expectSuccess(
      "$v -E -d 31 $core elf; $v -E -F -d 31 $core | $v -R back; $v -l -d 31 elf a; $v -l -d 31 back b; cmp a b"
    )
  }

  @Test("From ELF to kdump-compressed to ELF nothing is lost")
  func roundTrip() throws {
    try expectSuccess(
      "$v -l -d 31 $core kdump; $v -E -d 31 kdump elf; $v -l -d 31 elf again; $v -E -d 31 again back; cmp elf back"
    )
    let verdict = judge(dump: try KdumpDump(folder.path("again")), vmcore: try ELFVmcore(vmcore.path))
    #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty && verdict.right > 0, "\(verdict)")
  }

  @Test("A dry run writes nothing, and says how many bytes there would be")
  func dryRun() throws {
    let dry = try shell("$v -E -d 31 --dry-run --show-stats $core elf; $v -ld31 --dry-run --split $core a b")
    #expect(dry.status == 0, "\(dry)")
    #expect(try folder.contents == [])
    let wet = try shell("$v -E -d 31 --show-stats $core elf")
    let line = wet.output.split(separator: "\n").first { $0.hasPrefix("Write bytes") }
    #expect(dry.output.contains(try #require(line)))
  }

  @Test("A core that does not fit is marked, and a further level is tried first")
  func tooSmall() throws {
    let run = try shell("$v -E -d 0,1 -L 3M $core elf")
    #expect(run.status == 1)
    #expect(run.output.contains("Retry to create a dumpfile by dump_level(1)."))
    #expect(run.errors.contains("elf is marked incomplete: what was written before can be read"))
    let check = try shell("$v verify elf")
    #expect(
      check.status == 1 && check.output.contains("marked incomplete")
        && check.output.contains("elf is incomplete"))
  }

  @Test(
    "Split and put together it is the same dump, byte by byte",
    arguments: ["-c -d 1", "-l -d 31", "-d 0", "-z -d 17"])
  func split(options: String) throws {
    try expectSuccess(
      """
      $v \(options) $core whole; $v \(options) --split $core a b c > said; $v --reassemble c a b back; cmp whole back
      $v verify a; $v verify c b a; $v \(options) --split --splitblock-size 1024 $core d e
      $v -f --reassemble e d back; cmp whole back
      grep -q '^The dumpfiles are saved to a, b, and c.$' said
      """)
    #expect(try mode("b") == 0o600)
    let files = try ["a", "b", "c"].map { try KdumpDump(folder.path($0)).header }
    #expect(files.allSatisfy { $0.split == 1 })
    #expect(files[0].endPFN == files[1].startPFN && files[1].endPFN == files[2].startPFN)
  }

  @Test("What is missing, foreign or given twice is named, and nothing is written")
  func incompleteSet() throws {
    try expectSuccess(
      "$v -l -d 31 --split $core a b c; $v -l -d 1 --split $core other x; $v -l -d 31 $core whole")
    for (files, said) in [
      ("a c", "c: a file of the same dump is missing: the one with pfn"),
      ("a b", "b: a file of the same dump is missing"),
      ("a other b c", "other: a file of another dump than a"), ("a b b c", "which b has as well"),
      ("a whole", "whole: a whole dump"), ("a nowhere", "nowhere: open: No such file"),
    ] {
      let run = try shell("$v --reassemble \(files) back")
      #expect(run.status == 1)
      #expect(run.errors.contains(said), "\(run)")
    }
    #expect(try !folder.contents.contains("back"))
    #expect(try shell("$v --reassemble back").errors.contains("name the files of the split dump"))
  }

  @Test("No file is touched if one of them cannot be")
  func existing() throws {
    try folder.write("old", to: "b")
    #expect(try shell("$v -l --split $core a b c").errors.contains("b: File exists"))
    #expect(try shell("$v -f -l --split $core a /nowhere/b c").status == 1)
    #expect(try String(contentsOfFile: folder.path("b"), encoding: .utf8) == "old")
    #expect(try shell("$v -l --split --splitblock-size 3 $core d e").errors.contains("page size"))
    #expect(try !folder.contents.contains("d"))
  }

  @Test("An incomplete file makes what it is put together to incomplete too")
  func incompleteFile() throws {
    let run = try shell(
      "$v -d 0 --split $core a b c; n=$(stat -c %s b); head -c $((n / 2)) b > cut; $v --reassemble a cut c back"
    )
    #expect(run.status == 4, "\(run)")
    #expect(run.errors.contains("cut: the dump is cut"))
    let dump = try KdumpDump(folder.path("back"))
    #expect(dump.header.isIncomplete)
    let verdict = judge(dump: dump, vmcore: try ELFVmcore(vmcore.path))
    #expect(
      verdict.wrong.isEmpty && verdict.unreadable.isEmpty && verdict.breaches.isEmpty && verdict.right > 0)
  }
}
