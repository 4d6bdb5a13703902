import DumpJudge
import Testing

@Suite("A hypervisor's dump of a running guest is a vmcore too", .enabled(if: Lab.hasKernel("6.1")))
struct GuestDumpTests {
  /// QEMU's ELF has no segment for the kernel's image: only its notes tell of a kernel. makedumpfile refuses it.
  @Test("Each level excludes what the struct pages say", arguments: [0, 1, 2, 4, 8, 16, 31])
  func guest(level: Int) throws {
    let vmcore = try RealVmcore("6.1-guest")
    try #require(vmcore.elf.segments.allSatisfy { $0.virtualAddress < 1 << 63 }, "a kernel wrote this vmcore")
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d \(level)", to: scratch.path("dump"))
    let dump = try KdumpDump(scratch.path("dump"))
    let verdict = judge(dump: dump, vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(verdict)")
    try PageClasses.of(vmcore).expectPages(of: scratch.path("dump"), from: vmcore, level: level)
  }
}
