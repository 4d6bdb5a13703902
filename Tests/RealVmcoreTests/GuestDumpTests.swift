import DumpJudge
import Testing

@Suite("A hypervisor's dump of a running guest is a vmcore too", .enabled(if: Lab.hasKernel("6.1")))
struct GuestDumpTests {
  /// QEMU's ELF has no segment for the kernel's image: only its notes tell of a kernel.
  @Test("All frames at level 0 and 1, right at every level", arguments: [0, 1, 31])
  func guest(level: Int) throws {
    let vmcore = try RealVmcore("6.1-guest")
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d \(level)", to: scratch.path("dump"))
    let dump = try KdumpDump(scratch.path("dump"))
    let verdict = judge(dump: dump, vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(verdict)")
    if level <= 1 {
      #expect(verdict.pages == vmcore.frameCount)
    } else {
      // It ran the same workload as the crashed machines, whose dumps keep about a sixth.
      #expect(verdict.pages > vmcore.frameCount / 20 && verdict.pages < vmcore.frameCount / 3)
    }
  }
}
