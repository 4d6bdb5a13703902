import DumpFixtures
import DumpJudge
import Testing

@Suite("Every dump level keeps the right pages, and each is right")
struct DumpLevelTests {
  /// makedumpfile 1.7.2 and later know these compound pages.
  @Test("Linux 6.1 as makedumpfile does", .enabled(if: Lab.hasKernel("6.1")), arguments: 0...31)
  func linux61(level: Int) throws {
    try compareWithMakedumpfile("6.1", level)
  }

  /// An older one keeps the tails of compound pages, too many.
  @Test(
    "Linux 6.12 as makedumpfile 1.7.9 and later does",
    .enabled(if: Lab.hasKernel("6.12") && Makedumpfile.knows("6.12")),
    arguments: 0...31)
  func linux612(level: Int) throws {
    try compareWithMakedumpfile("6.12", level)
  }

  /// Of each kernel the levels in which single bits count, and those in use.
  @Test(
    "Other kernels as a makedumpfile that knows them does",
    arguments: OtherKernels.there.filter(Makedumpfile.knows), [0, 1, 2, 4, 8, 16, 23, 31])
  func otherKernels(kernel: String, level: Int) throws {
    try compareWithMakedumpfile(kernel, level)
  }

  @Test(
    "Every kernel as it saw its pages itself, before it crashed",
    arguments: ["6.1", "6.12", "6.1-la57", "6.12-numa"].filter { Lab.hasVmcore($0) } + OtherKernels.there,
    [0, 2, 4, 8, 16, 31])
  func pageFlags(name: String, level: Int) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d \(level)", to: scratch.path("dump"))
    try SavedPageFlags(of: vmcore).expectPages(of: scratch.path("dump"), from: vmcore, level: level)
  }

  @Test("Linux 6.12 as its struct pages say", .enabled(if: Lab.hasKernel("6.12")), arguments: 0...31)
  func structPages612(level: Int) throws {
    try compareWithStructPages("6.12", level)
  }

  @Test(
    "The distribution's kernel as its makedumpfile does, where there is no 6.1 and no 6.12",
    .enabled(if: Lab.usesDistributionKernel), arguments: 0...31)
  func distribution(level: Int) throws {
    try compareWithMakedumpfile("distribution", level)
  }

  @Test("Five-level page tables", .enabled(if: Lab.hasKernel("6.1")), arguments: [1, 2, 8, 16, 31])
  func fiveLevels(level: Int) throws {
    let information = String(decoding: try RealVmcore("6.1-la57").elf.notes, as: UTF8.self)
    try #require(information.contains("NUMBER(pgtable_l5_enabled)=1"), "the lab's machine has four levels")
    try compareWithMakedumpfile("6.1-la57", level)
    try compareWithStructPages("6.1-la57", level)
  }

  @Test(
    "Two nodes, and memory above 4 GiB", .enabled(if: Lab.hasKernel("6.12")), arguments: [1, 2, 8, 16, 31])
  func nodes(level: Int) throws {
    let segments = try RealVmcore("6.12-numa").elf.segments
    try #require(segments.contains { $0.physicalAddress >= 1 << 32 }, "the lab's machine is small")
    try compareWithStructPages("6.12-numa", level)
  }

  private func compareWithMakedumpfile(_ name: String, _ level: Int) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    try vmcore.reference("-l -d \(level)", to: scratch.path("reference"))
    try vmcore.dump("-l -d \(level)", to: scratch.path("dump"))
    try vmcore.expectSamePages(in: scratch.path("dump"), as: scratch.path("reference"))
  }

  private func compareWithStructPages(_ name: String, _ level: Int) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d \(level)", to: scratch.path("dump"))
    try PageClasses.of(vmcore).expectPages(of: scratch.path("dump"), from: vmcore, level: level)
  }
}
