import DumpFixtures
import DumpJudge
import DumpMemory
import Foundation
import KernelModel
import Testing

@Suite("With the key all memory comes back, in either mode and from either view")
struct KeyedRecoveryTests {
  static let vmcores = ["6.1-low", "6.12-low"].filter { Lab.hasVmcore($0) }

  @Test(
    "Low memory that was decrypted at the wrong address", arguments: vmcores,
    SimulatedController.Mode.allCases)
  func encryptedView(name: String, mode: SimulatedController.Mode) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    let twin = try EncryptedTwin(
      of: vmcore, at: scratch.path("damaged"), TwinRecipe(mode: mode, tweaks: .random, untouched: 0.5))
    let run = try dump(scratch, twin, "-d 0 --sme-mode \(mode.rawValue)")
    #expect(run.output.contains("with the key"), "\(run.output)")
    let restored = try KdumpDump(scratch.path("dump"))
    for pfn in twin.start / 4096..<(twin.start + UInt64(twin.truth.count)) / 4096 {
      let place = Int(pfn * 4096 - twin.start)
      #expect(try restored.page(pfn).elementsEqual(twin.truth[place..<place + 4096]), "pfn \(pfn)")
    }
    // Nothing but low memory changed.
    let others = try judge(
      dump: restored, vmcore: RealVmcore(name, at: scratch.path("damaged")).elf)
    #expect(others.wrong.allSatisfy { $0 < 0xa0 }, "\(others)")
  }

  @Test(
    "All of memory that was read as ciphertext, filtered as if it never had been", arguments: vmcores,
    SimulatedController.Mode.allCases)
  func decryptedView(name: String, mode: SimulatedController.Mode) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    let tables = try StrippedDumpTests.tables(Drgn.ask("processes", of: vmcore.path, vmcore.kernel))
    let twin = try EncryptedTwin(
      of: vmcore, at: scratch.path("damaged"),
      TwinRecipe(
        mode: mode, tweaks: .random, readsEncrypted: false, wholeDump: true, processTables: tables))
    try dump(scratch, twin, "-d 31 --sme-mode \(mode.rawValue) --sme-view c0 --sme-strip")
    try vmcore.dump("-l -d 31", to: scratch.path("undamaged"))
    let verdict = try judge(
      dump: KdumpDump(scratch.path("dump")), vmcore: vmcore.elf,
      reference: KdumpDump(scratch.path("undamaged")))
    #expect(verdict.isClean, "\(verdict)")

    // The log is read with the same key, and so are the page tables.
    try vmcore.dump("--dump-dmesg", to: scratch.path("log"))
    try dump(scratch, twin, "--dump-dmesg -f --sme-mode \(mode.rawValue) --sme-view c0")
    #expect(FileManager.default.contentsEqual(atPath: scratch.path("dump"), andPath: scratch.path("log")))
    let memory = try PhysicalMemory(ELFCore(opening: vmcore.path), prefersMapping: true)
    let start = try #require(memory.vmcoreinfo()?.symbol("_stext"))
    let text = String(start.rawValue, radix: 16)
    let walk = try dump(
      scratch, twin, "--vtop 0x\(text) -f -d 31 --sme-mode \(mode.rawValue) --sme-view c0")
    let wanted = try vmcore.dump("--vtop 0x\(text) -f -d 31", to: scratch.path("log"))
    func answer(_ run: ProgramRun) -> Substring? {
      run.output.split(separator: "\n").first { $0.hasPrefix(text) }
    }
    #expect(answer(walk) != nil && answer(walk) == answer(wanted), "\(walk.output)")
  }

  @Test("A dump that exists is repaired with the key, and nothing is left", arguments: vmcores.prefix(1))
  func repairedDump(name: String) throws {
    let scratch = try ScratchFolder()
    let twin = try EncryptedTwin(
      of: RealVmcore(name), at: scratch.path("damaged"), TwinRecipe(mode: .xex, tweaks: .random))
    try Data(twin.controller.key.utf8).write(to: scratch.url("key"))
    try Data(twin.controller.tweaksText.utf8).write(to: scratch.url("tweaks"))
    let run = try ProgramRun.succeeding(
      Lab.vmsieve,
      [
        "repair", "--sme-key", scratch.path("key"), "--sme-tweaks", scratch.path("tweaks"), "--sme-mode",
        "xex",
        scratch.path("damaged"), scratch.path("new"),
      ])
    #expect(run.output.contains("Unrepaired pages: 0\n"), "\(run.output)\(run.errors)")
    let repaired = try RealVmcore(name, at: scratch.path("new"))
    for pfn in twin.start / 4096..<(twin.start + UInt64(twin.truth.count)) / 4096 {
      let place = Int(pfn * 4096 - twin.start)
      let page = try #require(repaired.elf.content(pfn))
      #expect(page.elementsEqual(twin.truth[place..<place + 4096]), "pfn \(pfn)")
    }
  }

  @Test("A key that is not the machine's is refused, and no dump is written", arguments: vmcores.prefix(1))
  func wrongKey(name: String) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    let twin = try EncryptedTwin(
      of: vmcore, at: scratch.path("damaged"), TwinRecipe(readsEncrypted: false, wholeDump: true))
    let other = SimulatedController(.xe, .random, seed: 99)
    try Data(other.key.utf8).write(to: scratch.url("key"))
    try Data(twin.controller.tweaksText.utf8).write(to: scratch.url("tweaks"))
    let run = try ProgramRun.of(
      Lab.vmsieve,
      [
        "-l", "-d", "31", "--sme-key", scratch.path("key"), "--sme-tweaks", scratch.path("tweaks"),
        "--sme-view",
        "c0", scratch.path("damaged"), scratch.path("dump"),
      ])
    #expect(run.status == 1)
    #expect(run.errors.contains("with this key the kernel's page tables make no sense"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("dump")))
  }

  @Test(
    "Tweaks that are not the machine's leave low memory damaged, and nothing is written",
    arguments: vmcores.prefix(1), SimulatedController.Mode.allCases)
  func wrongTweaks(name: String, mode: SimulatedController.Mode) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    let twin = try EncryptedTwin(
      of: vmcore, at: scratch.path("damaged"), TwinRecipe(mode: mode, tweaks: .random, untouched: 0.5))
    try dump(scratch, twin, "-d 31 -f --sme-mode \(mode.rawValue)")
    try FileManager.default.removeItem(atPath: scratch.path("dump"))
    let other = SimulatedController(mode, .random, seed: 99)
    let wrong = try attempt(scratch, twin, "-d 31 -f --sme-mode \(mode.rawValue)", tweaks: other.tweaksText)
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("with this key low memory still looks damaged"), "\(wrong.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("dump")))
  }

  @Test(
    "A dump that makes sense is not decrypted: undamaged, or repaired before", arguments: vmcores.prefix(1))
  func soundInput(name: String) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    for isDamaged in [false, true] {
      let twin = try EncryptedTwin(
        of: vmcore, at: scratch.path("damaged"), TwinRecipe(untouched: 0.5, isDamaged: isDamaged))
      if isDamaged {
        try dump(scratch, twin, "-d 0 -f")
        try FileManager.default.removeItem(atPath: scratch.path("damaged"))
        try FileManager.default.moveItem(atPath: scratch.path("dump"), toPath: scratch.path("damaged"))
      }
      let run = try attempt(scratch, twin, "-d 31 -f")
      #expect(run.status == 1)
      let reason = isDamaged ? "the dump says that it was undone already" : "low memory makes sense as it is"
      #expect(run.errors.contains(reason), "\(run.errors)")
      #expect(!FileManager.default.fileExists(atPath: scratch.path("dump")))
    }
  }

  @discardableResult
  private func dump(
    _ scratch: ScratchFolder, _ twin: EncryptedTwin, _ options: String, tweaks: String? = nil
  ) throws -> ProgramRun {
    let run = try attempt(scratch, twin, options, tweaks: tweaks)
    try #require(run.status == 0, "\(run.output)\(run.errors)")
    return run
  }

  private func attempt(
    _ scratch: ScratchFolder, _ twin: EncryptedTwin, _ options: String, tweaks: String? = nil
  ) throws -> ProgramRun {
    try Data(twin.controller.key.utf8).write(to: scratch.url("key"))
    try Data((tweaks ?? twin.controller.tweaksText).utf8).write(to: scratch.url("tweaks"))
    return try ProgramRun.of(
      Lab.vmsieve,
      (options.hasPrefix("--dump-dmesg") ? [] : ["-l"])
        + ["--sme-key", scratch.path("key"), "--sme-tweaks", scratch.path("tweaks")]
        + options.split(separator: " ").map(String.init) + [scratch.path("damaged"), scratch.path("dump")])
  }
}
