import DumpFixtures
import Foundation
import Testing

@Suite("A kdump-compressed dump is of the machine that its header names")
struct ForeignMachineTests {
  /// QEMU 10 writes Unknown.
  @Test(arguments: [("x86_64", true), ("", true), ("Unknown", true), ("riscv64", false), ("s390x", false)])
  func `x86_64, or nothing known, is read`(machine: String, isRead: Bool) throws {
    let folder = try ScratchFolder()
    try Data(SyntheticKernel.withLowMemory(smeMask: 0).vmcore().bytes).write(
      to: folder.url.appending(path: "vmcore"))
    #expect(try ProgramUnderTest.run(["-l", "-d", "1", "vmcore", "dump"], in: folder.url).status == 0)
    var bytes = try Data(contentsOf: folder.url.appending(path: "dump"))
    // utsname.machine: the fifth name of 65 bytes behind signature and version.
    let place = 12 + 4 * 65
    bytes.replaceSubrange(place..<place + 65, with: Data(machine.utf8) + Data(count: 65 - machine.utf8.count))
    try bytes.write(to: folder.url.appending(path: "dump"))
    let run = try ProgramUnderTest.run(["-l", "-d", "1", "dump", "new"], in: folder.url)
    #expect((run.status == 0) == isRead, "\(run)")
    if !isRead { #expect(run.errors.contains("a dump of another machine (\(machine)"), "\(run)") }
  }
}
