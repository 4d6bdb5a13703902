import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// Real vmcores of arm64, which this machine need not be.
@Suite("A vmcore of arm64 is read as one of this machine's own")
struct ARM64Tests {
  /// Pages of 4 KiB, which Debian's makedumpfile knows.
  private static let small = "arm64-6.1"
  /// Of 16 KiB, with 52 bits of addresses (LPA2) and with 47.
  private static let large = ["arm64-7.3-16k", "arm64-7.3-16k-47"]
  private static let machines =
    (Lab.hasVmcore(small) ? [small] : []) + (Lab.isThorough ? large.filter { Lab.hasVmcore($0) } : [])

  private static func pageSize(_ machine: String) -> Int { machine.contains("16k") ? 16384 : 4096 }

  private static func path(_ machine: String) throws -> String {
    try Lab.path("vmcores/\(machine)/vmcore", made: "vmcore \(machine)")
  }

  @Test(
    "The pages are those of arm64's own makedumpfile", .enabled(if: Lab.hasVmcore(small)),
    arguments: Lab.isThorough ? [0, 1, 2, 4, 8, 16, 23, 31] : [1, 31])
  func samePages(level: Int) throws {
    let vmcore = try Self.path(Self.small)
    let scratch = try ScratchFolder()
    let peer = Lab.folder.appending(path: "arm64/peer").path
    try ProgramRun.succeeding(
      Lab.tool("qemu-aarch64-static"),
      ["-L", peer, "\(peer)/makedumpfile", "-l", "-d", "\(level)", vmcore, scratch.path("reference")])
    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "\(level)", vmcore, scratch.path("dump")])
    let verdict = try judge(
      dump: scratch.path("dump"), vmcore: vmcore, reference: scratch.path("reference"))
    #expect(verdict.isClean, "\(verdict)")
  }

  @Test("Every page is right, and a dump of a dump is the same", arguments: machines)
  func refiltered(machine: String) throws {
    let vmcore = try Self.path(machine)
    let scratch = try ScratchFolder()
    for (level, source, target) in [
      (31, vmcore, "dump"), (0, vmcore, "all"), (31, scratch.path("all"), "again"),
    ] {
      try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "\(level)", source, scratch.path(target)])
    }
    let truth = try ELFVmcore(vmcore, pageSize: Self.pageSize(machine))
    let dump = try KdumpDump(scratch.path("dump"))
    #expect(dump.pageSize == Self.pageSize(machine))
    for (name, reference) in [("dump", dump), ("again", dump)] {
      let verdict = judge(dump: try KdumpDump(scratch.path(name)), vmcore: truth, reference: reference)
      #expect(verdict.isClean && verdict.pages > 1000, "\(name): \(verdict)")
    }
    try ProgramRun.succeeding(Lab.vmsieve, ["verify", scratch.path("again")])
  }

  @Test(
    "Pages of 16 KiB are those that the kernel itself said",
    .enabled(if: !large.filter(machines.contains).isEmpty),
    arguments: large.filter(machines.contains), [2, 4, 8, 16, 31])
  func savedPageFlags(machine: String, level: Int) throws {
    let vmcore = try RealVmcore(machine, pageSize: Self.pageSize(machine))
    let scratch = try ScratchFolder()
    try vmcore.dump("-d \(level)", to: scratch.path("dump"))
    try SavedPageFlags(of: vmcore).expectPages(of: scratch.path("dump"), from: vmcore, level: level)
  }

  @Test("The stack of the crash is the one that the kernel printed", arguments: machines)
  func stack(machine: String) throws {
    let run = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", "--json", Self.path(machine)])
    let answer = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let kernel = try #require(answer["kernel"] as? [String: Any])
    #expect(kernel["machine"] as? String == "aarch64")
    #expect((answer["encryption"] as? [String: Any])?["kind"] as? String == "none")
    // Without CONFIG_KALLSYMS_ALL nothing tells where the processors' own data is.
    guard machine != Self.small else { return }
    let processors = try #require(answer["cpus"] as? [[String: Any]])
    let crashed = try #require(processors.first { $0["crashed"] as? Bool == true })
    let stack = try #require(crashed["stack"] as? [String: Any])
    let names = try #require(stack["frames"] as? [[String: Any]]).compactMap { $0["symbol"] as? String }
    #expect(stack["end"] as? String == "user", "\(stack)")
    let log = try #require(answer["log"] as? [String])
    let printed = log.compactMap { line -> String? in
      guard let name = line.split(separator: " ").last?.split(separator: "+"), name.count == 2 else {
        return nil
      }
      return String(name[0])
    }
    // The report begins inside of what prints it, and the crash goes on from there.
    let common = try #require(printed.firstIndex(of: "panic").map { Array(printed[$0...]) })
    #expect(common.count > 5 && names.suffix(common.count) == common[...], "\(names): \(printed)")
  }

  @Test(
    "QEMU's dump, in blocks of 64 KiB, has pages of the kernel's size",
    .enabled(if: Lab.isThorough && Lab.hasVmcore("arm64-6.1-guest")))
  func hypervisor() throws {
    let vmcore = try Self.path("arm64-6.1-guest")
    let scratch = try ScratchFolder()
    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "31", vmcore, scratch.path("elf")])
    let blocks = (vmcore as NSString).deletingLastPathComponent + "/kdump-zlib"
    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "31", blocks, scratch.path("kdump")])
    let verdict = try judge(
      dump: scratch.path("kdump"), vmcore: vmcore, reference: scratch.path("elf"))
    #expect(verdict.isClean && verdict.pages > 1000, "\(verdict)")
  }
}
