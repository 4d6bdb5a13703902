import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// The program as core collector: PID 1's child in a real capture kernel, with busybox and nothing else around it.
@Suite("vmsieve collects /proc/vmcore in the capture kernel", .serialized)
struct CaptureKernelTests {
  @Test(
    "With one processor and with two; the raw vmcore, copied after it, agrees",
    arguments: [("6.1", 1), ("6.12", 2)].filter { Lab.hasKernel($0.0) })
  func collect(kernel: String, processors: Int) throws {
    let scratch = try ScratchFolder()
    let out = scratch.path("out")
    // The vmcore is copied too: to a disk, which the lab leaves as OUT/vmcore.
    let commands = """
      vmsieve -l -d 31 /proc/vmcore /out/dump || exit 1
      vmsieve -c -d 31 --non-mmap --message-level 0 /proc/vmcore /out/read || exit 2
      vmsieve -l -d 1 -L 60M /proc/vmcore /out/cut && exit 4
      stat -c %s /proc/vmcore > /out/bytes
      dd if=/proc/vmcore of=/dev/vdc bs=1M conv=fsync || exit 3
      """
    let log = try Lab.run("collect", "-n", "\(processors)", kernel, out: out, commands)
    #expect(try text("\(out)/status") == "0\n", "\(log)")
    #expect(try text("\(out)/nproc") == "\(processors)\n")
    #expect(log.contains("The dumpfile is saved to /out/dump."))

    let vmcore = try RealVmcore(kernel, at: "\(out)/vmcore")
    let dump = try KdumpDump("\(out)/dump")
    let verdict = judge(dump: dump, vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(verdict)")
    let read = try judge(dump: KdumpDump("\(out)/read"), vmcore: vmcore.elf, reference: dump)
    #expect(read.isClean, "\(read)")
    try PageClasses(vmcore).expectPages(of: "\(out)/dump", from: vmcore, level: 31)

    let script = Lab.packageRoot.appending(path: "Tests/Lab/drgn_report.py").path
    let report = try ProgramRun.succeeding(
      try Lab.python(), [script, "\(out)/dump", try Lab.vmlinux(kernel)], environment: ["DEBUGINFOD_URLS": ""]
    )
    // What did not fit has the kernel's own pages.
    #expect(log.contains("pages of the kernel are in it; "))
    let cut = try judge(dump: KdumpDump("\(out)/cut"), vmcore: vmcore.elf)
    #expect(cut.wrong.isEmpty && cut.unreadable.isEmpty && !cut.cut.isEmpty, "\(cut)")
    #expect(try Drgn.ask("report", of: "\(out)/cut", kernel) == report.output)
    #expect(report.output.contains("lab-workload"))
    #expect(report.output.contains("Kernel panic - not syncing: sysrq triggered crash"))
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }
}
