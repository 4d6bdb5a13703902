import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("Logs and flattened dumps of real vmcores, by the call sequences of the distributions")
struct StreamTests {
  static let kernels = ["6.1", "6.12"].filter(Lab.hasKernel)

  /// Runs a line of bash: `$v` is the program that is tested, `$m` makedumpfile, `$core` the vmcore.
  @discardableResult
  private func shell(_ line: String, _ vmcore: RealVmcore, in folder: ScratchFolder) throws -> ProgramRun {
    let names =
      "v='\(Lab.vmsieve)'; m='\(try Makedumpfile.path())'; core='\(vmcore.path)'; cd '\(folder.path("."))'; "
      + Lab.samePages
    return try ProgramRun.succeeding("/bin/bash", ["-c", "set -e -o pipefail; " + names + line])
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

  @Test("The log is makedumpfile's, byte by byte, whole and since it was cleared", arguments: kernels)
  func log(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    for option in ["", "--partial-dmesg"] {
      try shell(
        "$m -f --dump-dmesg \(option) $core theirs; $v -f --dump-dmesg \(option) $core ours", vmcore,
        in: folder)
      let ours = try String(contentsOfFile: folder.path("ours"), encoding: .utf8)
      let theirs = try String(contentsOfFile: folder.path("theirs"), encoding: .utf8)
      #expect(ours == theirs || withoutCallers(ours) == withoutCallers(theirs))
      #expect(ours.contains("Kernel panic - not syncing: sysrq triggered crash"))
    }
  }

  @Test(
    "SUSE: the log through a pipe, with what names the folder on stderr, then the dump with threads",
    arguments: kernels)
  func suse(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    try shell(
      """
      mkfifo fifo; cat fifo > log & $v -F --message-level 8 --dump-dmesg $core 2> messages > fifo; wait
      grep -q '^  OSRELEASE=\(kernel).' messages; grep -q '^  CRASHTIME=[0-9]' messages
      $v --dump-dmesg $core same; cmp log same
      cat fifo > flat & $v -F -l --num-threads 2 --message-level 6 -d 31 $core > fifo; wait
      $v -R dump < flat; $v -l -d 31 $core file; same dump file
      """, vmcore, in: folder)
  }

  @Test("Debian: the log to a file, the dump through a pipe to a flattened file", arguments: kernels)
  func debian(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    try shell(
      """
      $v --dump-dmesg $core dmesg; $v -F -c -d 31 $core | cat > dump-incomplete
      mv dump-incomplete flat; $v -R dump < flat; $v -c -d 31 $core file; same dump file
      """, vmcore, in: folder)
    #expect(try judge(dump: KdumpDump(folder.path("dump")), vmcore: vmcore.elf).isClean)
  }

  @Test("kdump-utils: raw to a partition, and from it at the next boot; ssh through dd", arguments: kernels)
  func raw(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    try shell(
      """
      $v --check-params -l --message-level 7 -d 31 -F vmcore
      head -c 300000000 /dev/urandom > disk
      $v -l --message-level 7 -d 31 -F $core | dd of=disk bs=512 conv=notrunc 2>/dev/null
      $v -R vmcore < disk >/dev/null 2>&1; $v -l -d 31 $core file; same vmcore file
      dd if=/dev/zero of=disk bs=512 count=1 conv=notrunc 2>/dev/null; ! $v -R again < disk >/dev/null 2>&1
      $v -l --message-level 7 -d 31 -F $core | (umask 0077 && dd bs=512 of=vmcore-incomplete 2>/dev/null)
      mv vmcore-incomplete vmcore.flat; $v -f -R vmcore < vmcore.flat; same vmcore file
      """, vmcore, in: folder)
    #expect(!FileManager.default.fileExists(atPath: folder.path("again")))
  }

  @Test("-F and -R go together in all four pairings with makedumpfile's", arguments: kernels)
  func pairings(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    try shell(
      """
      $v -F -c -d 1 $core > ours; $m -F -c -d 1 $core > theirs 2>/dev/null
      $v -R oo < ours; $m -R ot < ours; $v -R to < theirs; $m -R tt < theirs; cmp oo ot; cmp to tt
      """, vmcore, in: folder)
    for name in ["oo", "to"] {
      let verdict = try judge(dump: KdumpDump(folder.path(name)), vmcore: vmcore.elf)
      #expect(verdict.isClean, "\(name): \(verdict)")
    }
  }

  @Test(
    "What arrived of a cut stream is readable, and of makedumpfile's if its bitmaps did", arguments: kernels,
    [30, 70, 99])
  func cut(kernel: String, percent: Int) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    try shell(
      """
      $v -F -l -d 31 $core > ours; $m -F -l -d 31 $core > theirs 2>/dev/null
      for n in ours theirs; do
        $v -R $n.whole < $n
        if head -c $(($(stat -c %s $n) * \(percent) / 100)) $n | $v -R --keep-partial $n.part; then exit 9; fi
      done
      """, vmcore, in: folder)
    for name in ["ours", "theirs"] {
      // makedumpfile 1.7.2 sends the last of its bitmaps at the end: nothing is kept of it without.
      if name == "theirs", !FileManager.default.fileExists(atPath: folder.path("theirs.part")) { continue }
      let dump = try KdumpDump(folder.path("\(name).part"))
      let whole = try KdumpDump(folder.path("\(name).whole"))
      let verdict = judge(dump: dump, vmcore: vmcore.elf)
      #expect(dump.header.isIncomplete)
      #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty, "\(name): \(verdict)")
      // Descriptors follow the data of many pages at once: some of the data that arrived has none yet. How many pages
      // makedumpfile gathers depends on its version.
      let end = whole.fileSize * UInt64(percent) / 100
      let pages = (0..<verdict.pages).compactMap { whole.descriptor($0) }
      let arrived = pages.filter { $0.offset + UInt64($0.size) + 2 << 20 < end }
      #expect(
        verdict.right > 0 && (name == "theirs" || verdict.right * 4 >= arrived.count),
        "\(name): \(arrived.count) arrived; \(verdict)")
    }
  }

  @Test(
    "A stream that its deadline closes has its end and is marked; crash and drgn open it", arguments: kernels)
  func deadline(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    // The reader stops until the deadline has come.
    try shell(
      """
      $v -F -c -d 1 --deadline 4 $core 2> said | (head -c 48M; sleep 5; cat) > flat
      grep -q 'the deadline of 4 s came: .* is marked incomplete' said
      r=0; $v -R dump < flat || r=$?; [ $r = 4 ]
      $v verify dump > answer && exit 7; grep -q 'damaged:  *0$' answer; grep -q 'is incomplete: ' answer
      """, vmcore, in: folder)
    let dump = try KdumpDump(folder.path("dump"))
    let verdict = judge(dump: dump, vmcore: vmcore.elf)
    #expect(dump.header.isIncomplete && verdict.wrong.isEmpty && verdict.unreadable.isEmpty, "\(verdict)")
    #expect(verdict.right > 5000 && !verdict.cut.isEmpty, "\(verdict)")
    for name in ["dump", "flat"] {
      #expect(
        try Drgn.ask("report", of: folder.path(name), kernel) == Drgn.ask("report", of: vmcore.path, kernel))
      guard kernel == "6.1" else { continue }
      let said = try ProgramRun.of(
        Lab.tool("crash"), ["-s", Lab.vmlinux("6.1"), folder.path(name)], input: "sys\nlog | tail -3\nquit\n",
        within: 300)
      #expect(said.output.contains("sysrq triggered crash"), "\(said)")
    }
  }

  /// A stream of Debian's default options that a full disk cut, and what one command makes of it.
  private func keptStream(
    _ vmcore: RealVmcore, percent: Int, in folder: ScratchFolder
  ) throws -> (cut: String, whole: String) {
    try shell(
      """
      $v -F -c -d 31 $core > flat; $v -R whole < flat
      head -c $(($(stat -c %s flat) * \(percent) / 100)) flat | $v -R --keep-partial cut || [ $? = 4 ]
      """, vmcore, in: folder)
    let cut = try KdumpDump(folder.path("cut"))
    #expect(cut.header.isIncomplete)
    let verdict = judge(dump: cut, vmcore: vmcore.elf)
    #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty && !verdict.cut.isEmpty, "\(verdict)")
    return (folder.path("cut"), folder.path("whole"))
  }

  @Test(
    "crash opens what was kept of a cut stream, and says what it says of the whole",
    .enabled(if: Lab.hasKernel("6.1")), arguments: [80, 90])
  func crash(percent: Int) throws {
    let folder = try ScratchFolder()
    let dumps = try keptStream(RealVmcore("6.1"), percent: percent, in: folder)
    let questions = ["log", "bt", "ps", "bt -a"]
    let whole = try Crash.ask(questions, of: dumps.whole, "6.1")
    let cut = try Crash.ask(questions, of: dumps.cut, "6.1")
    #expect(whole["bt"]?.contains("sysrq_handle_crash") == true)
    for question in questions { #expect(cut[question] == whole[question], "\(question)") }
  }

  @Test("drgn finds all tasks and modules in what was kept of a cut stream", arguments: kernels)
  func drgn(kernel: String) throws {
    let folder = try ScratchFolder()
    let dumps = try keptStream(RealVmcore(kernel), percent: 80, in: folder)
    let whole = try Drgn.ask("report", of: dumps.whole, kernel, "tasks")
    #expect(whole.split(separator: "\n").count > 40)
    #expect(try Drgn.ask("report", of: dumps.cut, kernel, "tasks") == whole)
  }
}
