import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite(
  "Low memory that SME made noise comes back, and nothing else changes", .enabled(if: Lab.hasKernel("6.1")))
struct MemoryEncryptionTests {
  /// Expects the low pages of a dump to be those of a vmcore; returns how many there are.
  private func expectLowPages(of dump: String, toBeThoseOf vmcore: RealVmcore) throws -> Int {
    let low = try EncryptedTwin.low(of: vmcore)
    let dump = try KdumpDump(dump)
    var wrong: [UInt64] = []
    var pages = 0
    for pfn in low.start / 4096..<(low.start + low.size) / 4096 {
      guard let wanted = vmcore.elf.content(pfn), let page = try? dump.page(pfn) else { continue }
      pages += 1
      if !page.elementsEqual(wanted) { wrong.append(pfn) }
    }
    #expect(wrong.isEmpty, "\(vmcore.name): \(wrong.map { String($0, radix: 16) })")
    return pages
  }

  @Test(
    "An XE machine's dump is repaired while it is made, and the repaired one is left alone",
    arguments: ["6.1-low", "6.12-low"])
  func repaired(kernel: String) throws {
    guard Lab.hasVmcore(kernel) else { return }
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    let damaged = scratch.path("damaged")
    try EncryptedTwin(of: vmcore, at: damaged, TwinRecipe())

    let run = try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "0", damaged, scratch.path("dump")])
    #expect(
      run.output.contains("pages of low memory with content are repaired") && !run.errors.contains("warning"),
      "\(run.output)\(run.errors)")
    #expect(try expectLowPages(of: scratch.path("dump"), toBeThoseOf: vmcore) > 100)

    // What is filtered is filtered by the repaired bytes: the same pages as without SME.
    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "31", damaged, scratch.path("small")])
    try vmcore.dump("-l -d 31", to: scratch.path("undamaged"))
    let small = try KdumpDump(scratch.path("small"))
    let undamaged = try KdumpDump(scratch.path("undamaged"))
    let verdict = judge(dump: small, vmcore: vmcore.elf, reference: undamaged)
    #expect(verdict.missing.isEmpty && verdict.extra.isEmpty, "\(verdict)")

    let again = try ProgramRun.succeeding(
      Lab.vmsieve, ["-l", "-d", "0", scratch.path("dump"), scratch.path("again")])
    #expect(again.output.contains("it was undone already"), "\(again.output)\(again.errors)")
    #expect(try expectLowPages(of: scratch.path("again"), toBeThoseOf: vmcore) > 100)
  }

  @Test(
    "What XEX made of low memory is left as it is, and said; --sme require refuses it",
    arguments: ["6.1-low", "6.12-low"])
  func noise(kernel: String) throws {
    guard Lab.hasVmcore(kernel) else { return }
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    let damaged = scratch.path("damaged")
    try EncryptedTwin(of: vmcore, at: damaged, TwinRecipe(mode: .xex, tweaks: .random))
    let run = try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "0", damaged, scratch.path("dump")])
    #expect(run.errors.contains("cannot be repaired without the key"), "\(run.output)\(run.errors)")
    _ = try expectLowPages(of: scratch.path("dump"), toBeThoseOf: try RealVmcore(kernel, at: damaged))

    let refused = try ProgramRun.of(
      Lab.vmsieve, ["-l", "-d", "31", "--sme", "require", damaged, scratch.path("none")])
    #expect(refused.status == 1)
    #expect(!FileManager.default.fileExists(atPath: scratch.path("none")))
  }

  @Test("Where the kernel kept low memory to itself nothing is lost, and --sme require has its dump")
  func neverUsed() throws {
    let vmcore = try RealVmcore("6.1")
    let scratch = try ScratchFolder()
    let damaged = scratch.path("damaged")
    try EncryptedTwin(of: vmcore, at: damaged, TwinRecipe(mode: .xex, tweaks: .random))
    let run = try ProgramRun.succeeding(
      Lab.vmsieve, ["-l", "-d", "31", "--sme", "require", damaged, scratch.path("dump")])
    #expect(run.output.contains("the crashed kernel never used it: nothing is lost"), "\(run.output)")
    #expect(!run.errors.contains("warning"), "\(run.errors)")
  }

  @Test("A dump of a machine without SME says nothing of it")
  func withoutEncryption() throws {
    let scratch = try ScratchFolder()
    let run = try RealVmcore("6.1").dump("-l -d 31", to: scratch.path("dump"))
    #expect(!run.output.contains("SME") && !run.errors.contains("SME"), "\(run.output)\(run.errors)")
  }
}
