import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("--sme-strip makes dumps that readers open who know nothing of SME")
struct StrippedDumpTests {
  static let vmcores = ["6.1-low", "6.12-low", "6.1-la57"].filter {
    Lab.hasVmcore($0)
  }

  /// The low memory is repaired and every page table is as it would be without SME, so all pages are.
  @Test(
    "Every page of the repaired and stripped dump is the undamaged vmcore's; drgn answers the same",
    arguments: vmcores)
  func stripped(name: String) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    let damaged = scratch.path("damaged")
    let processes = try Drgn.ask("processes", of: vmcore.path, vmcore.kernel)
    #expect(processes.contains("lab-workload [b'/bin/workload']"))
    let tables = try Self.tables(processes)
    try EncryptedTwin(of: vmcore, at: damaged, TwinRecipe(processTables: tables))

    let run = try ProgramRun.succeeding(
      Lab.vmsieve, ["-l", "-d", "1", "--sme-strip", damaged, scratch.path("dump")])
    // The kernel's list has tables that are no process's any more, or never were (EFI's).
    let words = try #require(run.output.firstMatch(of: /of the kernel and of ([0-9]+) processes\./))
    #expect(try #require(Int(words.1)) >= tables.count, "\(run.output)")
    #expect(!run.errors.contains("warning"), "\(run.errors)")
    let verdict = try judge(dump: KdumpDump(scratch.path("dump")), vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(verdict)")

    let dump = scratch.path("dump")
    #expect(try Drgn.ask("processes", of: dump, vmcore.kernel) == processes)
    let slabs = try Drgn.ask("slabs", of: vmcore.path, vmcore.kernel, "dma-kmalloc-512")
    if name.hasSuffix("-low") { #expect(slabs.split(separator: "\n").count > 100, "\(slabs)") }
    #expect(try Drgn.ask("slabs", of: dump, vmcore.kernel, "dma-kmalloc-512") == slabs)
    #expect(
      try Drgn.ask("report", of: dump, vmcore.kernel) == Drgn.ask("report", of: vmcore.path, vmcore.kernel))

    // A second pass over it finds a machine without SME.
    let again = try ProgramRun.succeeding(
      Lab.vmsieve, ["-l", "-d", "31", "--sme-strip", dump, scratch.path("again")])
    #expect(again.output.contains("SME: the page tables have no encryption bit; nothing is stripped."))
  }

  /// What the option is for. When a drgn reads them, it is no longer needed.
  @Test(
    "With the bit, drgn reads no process's memory in a kdump-compressed dump, and nothing that is mapped in an ELF one",
    arguments: vmcores.filter { $0.hasSuffix("-low") })
  func notStripped(name: String) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    let tables = try Self.tables(Drgn.ask("processes", of: vmcore.path, vmcore.kernel))
    try EncryptedTwin(of: vmcore, at: scratch.path("damaged"), TwinRecipe(processTables: tables))
    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "1", scratch.path("damaged"), scratch.path("dump")])
    let processes = try Drgn.ask("processes", of: scratch.path("dump"), vmcore.kernel)
    #expect(processes.split(separator: "\n").allSatisfy { $0.hasSuffix("unreadable") }, "\(processes)")
    let run = try Drgn.run("slabs", of: scratch.path("damaged"), vmcore.kernel, ["dma-kmalloc-512"])
    #expect(run.status != 0 && run.errors.contains("could not find physical memory segment"), "\(run.errors)")
  }

  /// The top page tables, from the first word of each line of `drgn_processes.py`.
  static func tables(_ processes: String) throws -> [UInt64] {
    var tables: [UInt64] = []
    for line in processes.split(separator: "\n") {
      let table = try #require(UInt64(line.split(separator: " ")[0].dropFirst(2), radix: 16))
      if !tables.contains(table) { tables.append(table) }
    }
    return tables
  }
}
