import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("What was cut stays marked, in every format, and nothing that was lost reads as zeros")
struct IncompleteInputTests {
  private let folder: ScratchFolder
  private let vmcore: TemporaryFile

  init() throws {
    folder = try ScratchFolder()
    vmcore = try FlattenedTests.vmcore()
  }

  private func shell(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.bash(line, core: vmcore.path, in: folder)
  }

  /// A dump that lacks pages, by the way that it came to lack them.
  enum Way: String, CaseIterable {
    case limit = "$v -l -d 1 -L $n $core in"
    case cut = "$v -l -d 1 $core whole; head -c $n whole > in"
    case holes = "$v -l -d 1 $core in; # holes"
    case cutStream = "$v -F -l -d 1 $core > whole; head -c $n whole > in"
    case keptStream = "$v -F -l -d 1 $core | head -c $n | $v -R --keep-partial in"
    case cutVmcore = "head -c $(($(stat -c %s $core) / 2)) $core > in"
    case limitedELF = "$v -E -d 1 -L $((n * 2)) $core in"
    case cutELF = "$v -E -d 1 $core whole; head -c $((n * 2)) whole > in"
    case cutELFStream = "$v -E -F -d 1 $core | head -c $((n * 2)) | $v -R --keep-partial in"
    case part = "$v -l -d 1 --split $core in other"
  }

  private func make(_ way: Way) throws {
    _ = try shell("n=$($v -l -d 1 $core probe > text; stat -c %s probe); n=$((n / 2)); " + way.rawValue)
    guard way == .holes else { return }
    // What a reset leaves of a file whose pages were not written in their order: descriptors of zeros, no mark.
    let url = folder.url.appending(path: "in")
    var bytes = try Data(contentsOf: url)
    let dump = try KdumpDump(folder.path("in"))
    let start = Int(dump.descriptorsOffset) + 24 * 20
    for index in start..<start + 24 * 30 { bytes[index] = 0 }
    try bytes.write(to: url)
  }

  private func isMarked(_ name: String) throws -> Bool {
    let bytes = [UInt8](try Data(contentsOf: folder.url.appending(path: name)).prefix(512))
    return bytes[0] == 0x7f ? bytes[48] & 1 == 1 : bytes[424] & 8 == 8
  }

  @Test("Every format and verb keeps the mark, and ends with status 4", arguments: Way.allCases)
  func marked(way: Way) throws {
    try make(way)
    for (line, made) in [
      ("$v -z -d 1 in out", ["out"]), ("$v -d 31 in out", ["out"]), ("$v -E -d 1 in out", ["out"]),
      ("$v -E -d 0 in out", ["out"]),
      ("$v -F -l -d 1 in > flat; r=$?; $v -R out < flat > text; [ $? = 4 ] && exit $r", ["out"]),
      ("$v -E -F -d 1 in > flat; r=$?; $v -R out < flat > text; [ $? = 4 ] && exit $r", ["out"]),
      ("$v --split -l -d 1 in a b", ["a", "b"]),
      ("$v --split -l -d 1 in a b; $v --reassemble b a out > text", ["out"]),
    ] {
      let run = try shell(line)
      #expect(run.status == 4, "\(way) \(line): \(run)")
      #expect(run.errors.contains("lacks pages"), "\(way) \(line): \(run)")
      for name in made { #expect(try isMarked(name), "\(way) \(line): \(name)") }
      let check = try shell("$v verify \(made.joined(separator: " "))")
      #expect(check.status == 1 && check.output.contains("is incomplete"), "\(way) \(line): \(check)")
      _ = try shell("rm -f out flat a b text")
    }
  }

  @Test(
    "A page that was lost is in no segment of an ELF core, and in no dump as zeros", arguments: Way.allCases)
  func noZeros(way: Way) throws {
    try make(way)
    _ = try shell(
      "$v -l -d 1 $core all; $v -l -d 1 in kdump; $v -E -d 1 in elf; $v -E -F -d 1 in | $v -R stream")
    let truth = try ELFVmcore(vmcore.path)
    let all = try KdumpDump(folder.path("all"))
    let made = try KdumpDump(folder.path("kdump"))
    let verdict = judge(dump: made, vmcore: truth)
    #expect(
      verdict.wrong.isEmpty && verdict.unreadable.isEmpty && verdict.breaches.isEmpty, "\(way): \(verdict)")
    let there = Set(made.dumped.frames).subtracting(verdict.cut)
    for name in ["elf", "stream"] {
      let core = try ELFVmcore(folder.path(name))
      var lost = 0
      for pfn in all.dumped.frames where !there.contains(pfn) {
        guard truth.content(pfn)?.allSatisfy({ $0 == 0 }) == false else { continue }
        lost += 1
        let address = pfn * 4096
        #expect(
          !core.segments.contains {
            $0.physicalAddress <= address && address < $0.physicalAddress + $0.memorySize
          },
          "\(way): \(name) speaks of pfn \(pfn)")
      }
      #expect(lost > 0)
    }
  }

  @Test(
    "Of what was cut before its first page nothing is made",
    arguments: [
      "$v -l -d 1 $core whole; head -c 26000 whole > in",
      "$v -F -l -d 1 $core > whole; head -c 13000 whole > in",
      "head -c 4096 $core > in",
      "$v -E $core whole; head -c 5000 whole > in",
    ])
  func noPages(way: String) throws {
    _ = try shell(way)
    for line in [
      "$v -d 1 in out", "$v -E in out", "$v -F in > flat", "$v --split in out other", "$v repair in out",
      "$v --dry-run -d 1 in out",
    ] {
      let run = try shell(line)
      let reasons = run.errors.split(separator: "\n").filter { $0.hasPrefix("vmsieve: in: ") }
      #expect(run.status == 1 && reasons.count == 1, "\(way) \(line): \(run)")
      let text = try shell("rm -f whole; cat out other flat 2> /dev/null; rm -f flat")
      #expect(text.output.isEmpty, "\(way) \(line): \(text.output.count)")
      #expect(try folder.contents == ["in"], "\(way) \(line)")
    }
  }

  @Test("An input that is whole leaves no mark and no status")
  func whole() throws {
    let run = try shell(
      "$v -l -d 1 $core in && $v -z -d 31 in a && $v -E in b && $v --split -l in c d && $v --reassemble d c e"
    )
    #expect(run.status == 0, "\(run)")
    for name in ["a", "b", "c", "d", "e"] { #expect(try !isMarked(name)) }
  }

  @Test("Of a split dump, a file that is full does not empty the others")
  func fullPart() throws {
    let run = try shell(
      "$v -l -d 1 $core whole; n=$(stat -c %s whole); $v -l -d 1 -L $((n / 3)) --split $core a b c")
    #expect(run.status == 1 && run.errors.contains("marked incomplete: "), "\(run)")
    for name in ["a", "b", "c"] {
      let check = try shell("$v verify --json \(name)")
      #expect(!check.output.isEmpty && !check.output.contains(#""pages": 0"#), "\(name): \(check)")
    }
  }
}
