import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// What the distributions' kdump services do in the capture kernel, with the lines of `integration/`.
@Suite("The distributions' kdump services get their dumps", .serialized)
struct DistributionTests {
  private let scratch: ScratchFolder
  private var out: String { scratch.path("out") }

  init() throws {
    scratch = try ScratchFolder()
  }

  /// Runs commands in a capture kernel with two processors.
  private func collect(_ kernel: String, _ commands: String) throws {
    let log = try Lab.run("collect", "-n", "2", kernel, out: out, commands)
    #expect(try text("status") == "0\n", "\(log)")
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(out)/\(name)", encoding: .utf8)
  }

  /// The value of a line that begins with a key, in a file of `integration/`.
  private func setting(_ key: String, _ file: String) throws -> String {
    let path = Lab.packageRoot.appending(path: "integration/\(file)").path
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    let line = try #require(lines.first { $0.hasPrefix(key) }, "\(file) has no \(key)")
    return line.dropFirst(key.count).trimmingCharacters(in: CharacterSet(charactersIn: " =\""))
  }

  private func vmsieve(_ line: String) throws {
    try ProgramRun.succeeding(
      "/bin/bash", ["-c", "set -e; v='\(Lab.vmsieve)'; cd '\(out)'; \(line)"], within: 120)
  }

  private func expectWhole(_ name: String) throws {
    let verdict = try judge(dump: KdumpDump("\(out)/\(name)"))
    #expect(verdict.isClean && verdict.pages > 5000, "\(name): \(verdict)")
  }

  @Test(
    "kdump-utils: to a file, through ssh, to a raw partition and from it at the next boot",
    .enabled(if: Lab.hasKernel("6.1")))
  func kdumpUtils() throws {
    try collect(
      "6.1",
      """
      \(try setting("core_collector", "kdump.conf.fs")) /proc/vmcore /out/vmcore-incomplete || exit 1
      sync; mv /out/vmcore-incomplete /out/dump
      set -o pipefail
      \(try setting("core_collector", "kdump.conf.ssh")) /proc/vmcore | (umask 0077; dd bs=512 of=/out/vmcore.flat) || exit 2
      \(try setting("core_collector", "kdump.conf.raw")) /proc/vmcore | dd of=/dev/vdc bs=512 || exit 3
      sync; echo $(($(cat /sys/block/vdc/size) * 512)) > /out/bytes
      """)
    try vmsieve(
      """
      \(Lab.samePages)
      $v -R received < vmcore.flat; same received dump
      ln -s $v makedumpfile; ./makedumpfile -R fetched < vmcore > /dev/null 2>&1; same fetched dump
      """)
    try expectWhole("dump")
  }

  @Test(
    "Debian and SUSE: under makedumpfile's name, through pipes, and the log before the dump",
    .enabled(if: Lab.hasKernel("6.12")))
  func debianAndSUSE() throws {
    let format = ["lzo": "-l"][try setting("KDUMP_DUMPFORMAT", "sysconfig-kdump")] ?? "-c"
    let suse =
      "-F \(format) --num-threads 2 --message-level 6 -d \(try setting("KDUMP_DUMPLEVEL", "sysconfig-kdump"))"
    try collect(
      "6.12",
      """
      ln -s vmsieve /bin/makedumpfile; set -o pipefail
      makedumpfile --dump-dmesg /proc/vmcore /out/dmesg || exit 1
      makedumpfile \(try setting("MAKEDUMP_ARGS", "kdump-tools")) /proc/vmcore | cat > /out/debian.flat || exit 2
      mkfifo /tmp/fifo
      cat /tmp/fifo > /out/log & makedumpfile -F --message-level 8 --dump-dmesg /proc/vmcore > /tmp/fifo 2> /out/messages || exit 3
      wait; cat /tmp/fifo > /out/suse.flat & makedumpfile \(suse) /proc/vmcore > /tmp/fifo || exit 4
      wait
      """)
    try vmsieve(
      """
      cmp dmesg log; $v -R debian < debian.flat; $v -R suse < suse.flat
      grep -q '^  OSRELEASE=6.12' messages; grep -q '^  CRASHTIME=[0-9]' messages
      """)
    #expect(try text("dmesg").contains("Kernel panic - not syncing: sysrq triggered crash"))
    try expectWhole("debian")
    try expectWhole("suse")
  }
}
