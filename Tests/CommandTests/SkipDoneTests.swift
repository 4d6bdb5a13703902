import DumpFixtures
import Foundation
import Testing

@Suite("--skip-done, and what is worth trying again")
struct SkipDoneTests: ShellSuite {
  let folder: ScratchFolder
  private let vmcore: TemporaryFile

  var core: String { folder.path("core") }

  init() throws {
    folder = try ScratchFolder()
    vmcore = try FlattenedTests.vmcore()
    try FileManager.default.copyItem(atPath: vmcore.path, toPath: folder.path("core"))
  }

  private func inode(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(name))
    return try #require(attributes[.systemFileNumber] as? Int)
  }

  static let lines = [
    "$v -l -d 31 --skip-done $core new", "$v -E -d 1 --skip-done $core new",
    "$v -z -d 1 --splitblock-size 512 --split-part 2/3 --skip-done $core new",
    "$v --reassemble --skip-done p1 p2 new", "$v repair --skip-done cut new",
  ]

  @Test(
    "What is there, fits and can be read is left alone; what was made otherwise is made anew",
    arguments: lines)
  func skips(line: String) throws {
    try expectSuccess(
      """
      for k in 1 2; do $v -l -d 1 --splitblock-size 512 --split-part $k/2 $core p$k; done
      $v -l -d 1 $core cut; truncate -s $(($(stat -c %s cut) - 9000)) cut
      """)
    let first = try shell(line)
    let status: Int32 = line.contains("cut") ? 4 : 0
    #expect(first.status == status, "\(first)")
    let made = try inode("new")
    let again = try shell(line)
    #expect(again.status == status && again.output.contains("new is done"), "\(again)")
    #expect(try inode("new") == made)
    // Byte for byte what it is without the option, and a note behind.
    try expectSuccess(
      "\(line.replacing("--skip-done ", with: "").replacing(" new", with: " plain")) || [ $? = \(status) ]; "
        + "n=$(stat -c %s plain); cmp -n $n plain new; [ $(stat -c %s new) = $((n + 512)) ]; "
        + "tail -c 512 new | grep -aq '^options .*--skip-done'")

    // Another option, another time of writing, a changed vmcore.
    for change in ["s=--non-mmap", "touch -d '1 hour ago' core p1 p2 cut"] {
      let other = try shell(
        change.hasPrefix("touch")
          ? "\(change); \(line)"
          : line.contains("--reassemble")
            ? line.replacing("--skip-done", with: "--skip-done --num-threads 2")
            : line.replacing("--skip-done", with: "--skip-done --non-mmap"))
      #expect(
        other.status == status && other.output.contains("new was made of another vmcore"),
        "\(change): \(other)")
    }
    // Damage: a page of it, or its end.
    for damage in [
      "dd if=/dev/urandom of=new bs=512 seek=$(($(stat -c %s new) / 512 - 9)) count=6 conv=notrunc"
    ] {
      let damaged = try shell("\(damage) 2> /dev/null; \(line)")
      if !line.contains("-E") {
        #expect(
          damaged.status == status && damaged.output.contains("new is damaged: it is made anew"), "\(damaged)"
        )
      }
    }
    // What has no note of its own is somebody's.
    let kept = try shell("rm new; echo mine > new; \(line)")
    #expect(kept.status == 1 && kept.errors.contains("exist"), "\(kept)")
    #expect(try String(contentsOf: folder.url("new"), encoding: .utf8) == "mine\n")
    #expect(try shell(line.replacing("--skip-done", with: "--skip-done -f")).status == status)
    #expect(try !folder.contents.contains { $0.hasSuffix(".partial") })
  }

  @Test("A note does not pass on to what is made of its file")
  func heirs() throws {
    try expectSuccess(
      """
      $v -l -d 1 --skip-done $core a; $v -l -d 1 $core b; $v -z -d 31 a c; $v -z -d 31 b d; cmp c d
      $v verify a; $v -F -l -d 1 a | $v -R e; $v -F -l -d 1 b | $v -R f; cmp e f
      for k in 1 2; do $v -l -d 1 --skip-done --splitblock-size 512 --split-part $k/2 $core p$k; done
      $v verify p1 p2; $v --reassemble p1 p2 g; cmp g b
      """)
  }

  @Test("Tasks that run twice at the same time leave one whole file, and a kill leaves none")
  func twice() throws {
    try expectSuccess(
      """
      for i in 1 2 3 4 5 6; do $v -f -l -d 1 --skip-done $core new > said$i 2>&1 & done; wait
      $v verify new; rm new said*; [ "$(ls)" = core ]
      for t in 0.01 0.02 0.03 0.05; do timeout -s KILL $t $v -f -l -d 1 --skip-done $core new || true
        if [ -e new ]; then $v verify new; fi; rm -f new.*.partial; done
      """)
  }

  @Test("A full disk or a failing one is worth another try; what is no vmcore is not")
  func statuses() throws {
    try folder.write("no vmcore", to: "none")
    let never = [
      "$v verify none", "$v inspect none", "$v repair none new", "$v bench none",
      "$v --reassemble none none2 new",
      "$v -d 1 --split-part 1/2 none new", "$v -d 1 --skip-done none new", "$v inspect nothing",
      "$v verify cut", "$v -d 1 --split-part 3/2 $core new",
      "ulimit -f 64; trap '' XFSZ; $v -d 0 --skip-done $core new",
    ]
    try expectSuccess("$v -l -d 1 $core cut; truncate -s 100000 cut")
    for line in never {
      let run = try shell(line)
      #expect(run.status == 1, "\(line): \(run)")
      #expect(try !folder.contents.contains { $0.hasPrefix("new") }, "\(line)")
    }
    guard access("/dev/full", W_OK) == 0 else { return }
    for line in ["$v verify p1 > /dev/full", "$v inspect --json $core > /dev/full"] {
      let run = try shell("$v -d 1 --split-part 1/2 -f $core p1 > said && \(line)")
      #expect(run.status == 75, "\(line): \(run)")
    }
  }

  @Test("Where there is no one file that is done or is not, the option is refused")
  func refused() throws {
    for option in ["--split", "-F", "-R", "--dump-dmesg", "--dry-run", "--mem-usage", "--deadline 9"] {
      let run = try shell("$v \(option) --skip-done $core a b")
      #expect(
        run.status == 1 && (run.output + run.errors).contains("cannot be used with --skip-done."),
        "\(option): \(run)")
    }
    let run = try shell("$v -d 1,31 --skip-done $core a")
    #expect(run.status == 1 && run.output.contains("-d with several levels cannot be used"), "\(run)")
  }
}
