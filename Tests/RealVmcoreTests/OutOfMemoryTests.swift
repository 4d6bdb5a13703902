import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// A capture kernel in which others take the memory, to the last of it.
@Suite("Where the capture kernel's memory runs out, the dump is right or says that it is not", .serialized)
struct OutOfMemoryTests {
  /// What happens in the capture kernel: the name of a dump, and what its making ends with, a line each in `results`.
  ///
  /// A file of a tmpfs cannot be taken back; `tail` keeps a line that has no end, and grows. The shell itself must live.
  private static let commands = """
    mkdir /eat
    mount -t tmpfs -o size=100% tmpfs /eat
    echo -1000 > /proc/self/oom_score_adj
    available() { sed -n 's/^MemAvailable: *\\([0-9]*\\).*/\\1/p' /proc/meminfo; }
    dump() { # NAME SCORE LEVEL
      (echo $2 > /proc/self/oom_score_adj; exec vmsieve --message-level 4 --num-threads 1 -l -d $3 /proc/vmcore /out/$1)
      echo "$1 $?" >> /out/results
    }
    dd if=/dev/zero of=/eat/file bs=1024 count=$(($(available) - 20480)) 2> /dev/null
    available > /out/little.available
    dump little 0 31
    : > /eat/file
    for score in 0 1000; do
      (echo 0 > /proc/self/oom_score_adj; exec tail -n 1 /dev/zero > /dev/null 2>&1) &
      dump beside-$score $score 0
      kill -9 $! 2> /dev/null
      wait $!
    done
    dmesg | grep 'Killed process' > /out/killed
    stat -c %s /proc/vmcore > /out/bytes
    dd if=/proc/vmcore of=/dev/vdc bs=1M conv=fsync || exit 3
    """

  @Test(
    "With 20 MiB left, beside a process that grows, and as the one that the kernel kills",
    .enabled(if: Lab.isThorough && Lab.hasKernel("6.1")))
  func outOfMemory() throws {
    let scratch = try ScratchFolder()
    let out = scratch.path("out")
    let log = try Lab.run("collect", "-n", "1", "6.1", out: out, Self.commands)
    let lines = try text("\(out)/results").split(separator: "\n").map { $0.split(separator: " ") }
    let results = Dictionary(uniqueKeysWithValues: lines.map { (String($0[0]), String($0[1])) })
    let killed = try text("\(out)/killed")
    let vmcore = try ELFVmcore("\(out)/vmcore")

    #expect(try (Int(text("\(out)/little.available").trimmingCharacters(in: .newlines)) ?? 0) < 22 << 10)
    // Who takes most is killed, and a core collector is not that.
    for name in ["little", "beside-0"] {
      #expect(results[name] == "0", "\(results) \(killed) \(log)")
      let verdict = try judge(dump: KdumpDump("\(out)/\(name)"), vmcore: vmcore)
      #expect(verdict.isClean, "\(name): \(verdict)")
    }
    #expect(killed.contains("(tail)"))

    #expect(results["beside-1000"] == "137" && killed.contains("(vmsieve)"), "\(results) \(killed)")
    let check = try ProgramRun(of: Lab.vmsieve, ["verify", "\(out)/beside-1000"])
    #expect(check.status == 1)
    guard let rest = try? KdumpDump("\(out)/beside-1000") else { return }
    let verdict = judge(dump: rest, vmcore: vmcore)
    #expect(rest.header.isIncomplete && verdict.wrong.isEmpty, "\(verdict)")
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }
}
