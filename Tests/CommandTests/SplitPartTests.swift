import DumpFixtures
import DumpJudge
import Foundation
import Testing

@testable import DumpMemory
@testable import vmsieve

@Suite("--split-part")
struct SplitPartTests: ShellSuite {
  let folder: ScratchFolder
  private let vmcore: TemporaryFile

  var core: String { vmcore.path }

  init() throws {
    folder = try ScratchFolder()
    vmcore = try FlattenedTests.vmcore()
  }

  @Test(
    "Each part is the file that --split writes, and together they are the dump",
    arguments: ["-d 0", "-l -d 1", "-c -d 31", "-p -d 31", "-z -d 23 --non-mmap"], [2, 3, 8])
  func parts(options: String, count: Int) throws {
    let numbers = "$(seq -f '%02.0f' \(count))"
    try expectSuccess(
      """
      o='\(options) --splitblock-size 512'; $v $o --split $core $(printf 's%s ' \(numbers))
      for k in \(numbers); do
        $v $o --split-part ${k#0}/\(count) --num-threads $((1$k % 3)) $core p$k; cmp s$k p$k; rm s$k; done
      $v verify p02; $v verify p*; $v --reassemble p* joined; $v --reassemble --unchecked p* joined2; rm p*
      $v ${o% --splitblock*} $core whole; cmp joined whole; cmp joined2 whole; rm joined joined2 whole; [ -z "$(ls)" ]
      """)
  }

  @Test("Blocks of less than a page, and of 64 pages at least", arguments: [12, 14, 16])
  func smallBlocks(shift: UInt64) {
    let geometry = PageGeometry(shift: shift)
    for size: Int32 in [1, 4, 63] { #expect(DumpCommand.frames(inBlock: size, geometry) == 64) }
    #expect(DumpCommand.frames(inBlock: 0, geometry) == max((16 << 20) >> shift, 64))
  }

  @Test("More parts than blocks of memory: some have no page, as with --split")
  func emptyParts() throws {
    try expectSuccess(
      """
      $v -l -d 31 --split $core s1 s2 s3 s4 s5; for k in 1 2 3 4 5; do
        $v -l -d 31 --split-part $k/5 $core p$k; cmp s$k p$k; done
      """)
  }

  @Test("Of a dump, of a dump that was cut, and in a dry run")
  func inputs() throws {
    try expectSuccess(
      """
      $v -z -d 1 $core dump; $v -l -d 31 --split --splitblock-size 512 dump s1 s2
      for k in 1 2; do $v -l -d 31 --splitblock-size 512 --split-part $k/2 dump p$k; cmp s$k p$k; done
      $v -l -d 31 --splitblock-size 512 --split-part 1/2 --dry-run --show-stats dump p3 | grep 'Pages of other parts'
      [ ! -e p3 ]; head -c $(($(stat -c %s dump) / 2)) dump > cut
      """)
    let run = try shell(
      """
      s='-l -d 31 --splitblock-size 512'; $v $s --split cut c1 c2; a=$?; for k in 1 2; do
        $v $s --split-part $k/2 cut q$k; [ $? = $a ] && cmp c$k q$k || exit 9; done; exit $a
      """)
    #expect(run.status == 4, "\(run)")
  }

  @Test("Parts that do not belong together are named, and nothing is written")
  func strangers() throws {
    try expectSuccess(
      """
      s='--splitblock-size 512 --split-part'; for k in 1 2 3; do $v -l -d 31 $s $k/3 $core p$k; done
      $v -l -d 31 $s 2/4 $core q2; $v -c -d 31 $s 2/3 $core c2; $v -l -d 1 $s 2/3 $core l2
      """)
    for (others, words) in [
      ("p1 p3", "a file of the same dump is missing"), ("p1 p2", "is missing"), ("p1 q2 p3", "which"),
      ("p1 c2 p3", "c2: a file of another dump than p1"), ("p1 l2 p3", "l2: a file of another dump than p1"),
      ("p1 p2 p2 p3", "which p2 has as well"),
    ] {
      let run = try shell("$v --reassemble \(others) joined")
      #expect(run.status == 1 && run.errors.contains(words), "\(others): \(run)")
      #expect(try !folder.contents.contains { $0.hasPrefix("joined") }, "\(others)")
    }
  }

  @Test("A part has its name when it is whole, and else there is none")
  func wholeOrNot() throws {
    try expectSuccess("$v -d 1 --split-part 1/2 --splitblock-size 512 $core p1; rm p1")
    let run = try shell("ulimit -f 64; $v -d 1 --split-part 1/2 --splitblock-size 512 $core p1")
    #expect(run.status != 0 && run.errors.contains("p1 is not written"), "\(run)")
    #expect(try folder.contents == [])
    try folder.write("mine", to: "p1")
    let kept = try shell("$v -d 1 --split-part 1/2 $core p1")
    #expect(kept.status == 1 && kept.errors.contains("p1: File exists; -f overwrites it"), "\(kept)")
    #expect(try String(contentsOf: folder.url("p1"), encoding: .utf8) == "mine")
    try expectSuccess("$v -f -d 1 --split-part 1/2 $core p1; $v verify p1")
  }
}
