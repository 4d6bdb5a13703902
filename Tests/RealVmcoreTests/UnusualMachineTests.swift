import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// Machines whose memory or processors are not what they were at boot. The lab fails to make one whose modules did not load.
@Suite("Machines with memory and processors of unusual kinds", .serialized)
struct UnusualMachineTests {
  /// Where what was plugged in begins.
  private static let fourGiB: UInt64 = (1 << 32) / 4096

  @Test(
    "In the capture kernel no page of a DIMM is lost, nor does virtio-mem's unplugged memory come along",
    .enabled(if: Lab.isThorough && Lab.hasKernel("6.12")))
  func memoryInTheCaptureKernel() throws {
    let scratch = try ScratchFolder()
    let out = scratch.path("out")
    let commands = """
      vmsieve -l -d 31 /proc/vmcore /out/dump || exit 1
      vmsieve -l -d 31 --non-mmap /proc/vmcore /out/read 2> /out/read.log || exit 2
      stat -c %s /proc/vmcore > /out/bytes
      copy /proc/vmcore /dev/vdc || exit 3
      """
    let log = try Lab.run("collect", "6.12-memory", out: out, commands, within: 900)
    #expect(!log.contains("could not be read") && !log.contains("has put on line"), "\(log)")

    let vmcore = try RealVmcore("6.12-memory", at: "\(out)/vmcore")
    let dump = try KdumpDump("\(out)/dump")
    let verdict = judge(dump: dump, vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(verdict)")
    try SavedPageFlags(of: vmcore).expectPages(of: "\(out)/dump", from: vmcore, level: 31)
    let high = dump.dumped.frames.filter { $0 >= Self.fourGiB }
    #expect(high.count > 1000)

    // The kernel lets nobody read what it has as memory of its own (ioremap): without mapping pages are lost, and it is said;
    // the struct pages among them leave others in doubt. What is there is the same.
    let read = try KdumpDump("\(out)/read")
    let readLog = try String(contentsOfFile: "\(out)/read.log", encoding: .utf8)
    let lost = Set(dump.dumped.frames).subtracting(read.dumped.frames)
    #expect(!lost.isEmpty && lost.allSatisfy { $0 >= Self.fourGiB })
    #expect(readLog.contains("pages could not be read and are not in the dump"), "\(readLog)")
    let common = judge(dump: read, vmcore: vmcore.elf)
    #expect(common.wrong.isEmpty && common.unreadable.isEmpty, "\(common)")
  }

  @Test(
    "What a capture kernel has put on line for itself is not taken for the dead kernel's without a word",
    .enabled(if: Lab.isThorough && Lab.hasKernel("6.12")))
  func onlined() throws {
    let scratch = try ScratchFolder()
    let out = scratch.path("out")
    let commands = """
      cat /proc/iomem
      grep . /sys/devices/system/memory/memory*/state
      vmsieve -l -d 31 /proc/vmcore /out/dump || exit 1
      """
    let log = try Lab.run("collect", "6.12-onlined", out: out, commands, within: 900)
    // The DIMM comes first above 4 GiB; virtio-mem's driver leaves a dead kernel's memory alone.
    #expect(
      log.contains("warning: 32768 pages, the first at paddr 0x100000000, are memory that this capture"),
      "\(log)")
  }

  @Test(
    "Every level leaves out what the kernel itself said of hot-added memory, HVO's huge pages and the balloon",
    arguments: [1, 23, 31])
  func memory(level: Int) throws {
    guard Lab.isThorough, Lab.hasVmcore("6.12-memory") else { return }
    let vmcore = try RealVmcore("6.12-memory")
    let scratch = try ScratchFolder()
    let dump = scratch.path("dump")
    try vmcore.dump("-l -d \(level)", to: dump)
    try SavedPageFlags(of: vmcore).expectPages(of: dump, from: vmcore, level: level)
    let verdict = try judge(dump: KdumpDump(dump), vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(verdict)")
    #expect(vmcore.frames.contains { $0 >= Self.fourGiB })
  }

  @Test("Processors whose registers are missing are named: one hung, one off line, the panic inside an NMI")
  func processors() throws {
    guard Lab.isThorough, Lab.hasVmcore("6.1-processors") else { return }
    let vmcore = try RealVmcore("6.1-processors")
    let scratch = try ScratchFolder()
    let dump = scratch.path("dump")
    let run = try vmcore.dump("-l -d 31", to: dump)
    #expect(run.errors.contains("no registers of processor 2, which did not answer"), "\(run.errors)")
    #expect(run.output.contains("No registers of processor 3, which was offline."), "\(run.output)")
    for path in [vmcore.path, dump] {
      let inspected = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", "--json", path])
      let wanted = #""processors": {"with_registers": [0, 1], "silent": [2], "offline": [3]}"#
      #expect(inspected.output.contains(wanted), "\(inspected.output)")
      let verified = try ProgramRun.succeeding(Lab.vmsieve, ["verify", "--json", path])
      #expect(verified.output.contains(wanted), "\(verified.output)")
    }
    let verified = try ProgramRun.succeeding(Lab.vmsieve, ["verify", dump])
    for line in [
      "no registers of processor 2, which did not answer", "No registers of processor 3, which was offline.",
    ] { #expect(verified.output.contains(line), "\(verified.output)") }
    try SavedPageFlags(of: vmcore).expectPages(of: dump, from: vmcore, level: 31)
    let log = scratch.path("log")
    try ProgramRun.succeeding(Lab.vmsieve, ["--dump-dmesg", vmcore.path, log])
    #expect(try String(contentsOfFile: log, encoding: .utf8).contains("lab: panic inside an NMI"))
  }
}
