import DumpJudge
import Testing

@Suite("Every dump level keeps the pages that makedumpfile keeps, and each is right")
struct DumpLevelTests {
  @Test("Linux 6.1", .enabled(if: Lab.hasKernel("6.1")), arguments: 0...31)
  func linux61(level: Int) throws {
    try compare(RealVmcore("6.1"), level)
  }

  @Test(
    "Linux 6.12, where makedumpfile is 1.7.9 or later",
    .enabled(if: Lab.hasKernel("6.12") && Makedumpfile.knows612), arguments: 0...31)
  func linux612(level: Int) throws {
    try compare(RealVmcore("6.12"), level)
  }

  @Test("Five-level page tables", .enabled(if: Lab.hasKernel("6.1")), arguments: [1, 2, 8, 16, 31])
  func fiveLevels(level: Int) throws {
    let vmcore = try RealVmcore("6.1-la57")
    let information = String(decoding: vmcore.elf.notes, as: UTF8.self)
    try #require(information.contains("NUMBER(pgtable_l5_enabled)=1"), "the lab's machine has four levels")
    try compare(vmcore, level)
  }

  @Test(
    "Two nodes, and memory above 4 GiB", .enabled(if: Lab.hasKernel("6.12") && Makedumpfile.knows612),
    arguments: [1, 2, 8, 16, 31])
  func nodes(level: Int) throws {
    try compare(RealVmcore("6.12-numa"), level)
  }

  private func compare(_ vmcore: RealVmcore, _ level: Int) throws {
    let scratch = try ScratchFolder()
    try vmcore.reference("-l -d \(level)", to: scratch.path("reference"))
    try vmcore.dump("-l -d \(level)", to: scratch.path("dump"))
    try vmcore.expectSamePages(in: scratch.path("dump"), as: scratch.path("reference"))
  }
}
