import DumpFixtures
import Foundation
import Testing

@Suite("inspect says what a vmcore tells about memory encryption")
struct InspectTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
  }

  private func inspect(_ image: ELFImage, _ arguments: [String] = []) throws -> ProgramRun {
    try Data(image.bytes).write(to: folder.url.appending(path: "vmcore"))
    return try ProgramUnderTest.run(["inspect"] + arguments + ["vmcore"], in: folder.url)
  }

  private func json(_ run: ProgramRun) throws -> [String: Any] {
    #expect(run.status == 0 && run.errors == "", "\(run)")
    #expect(run.output.filter { $0 == "\n" }.count == 1)
    return try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  private func damaged(_ damage: SyntheticKernel.LowDamage) -> (SyntheticKernel, ELFImage) {
    let kernel = SyntheticKernel.withLowMemory()
    var image = kernel.vmcore()
    kernel.damageLowMemory(damage, in: &image)
    return (kernel, image)
  }

  @Test("State, region, classes, constants and evidence of a damaged vmcore")
  func damagedVmcore() throws {
    let run = try inspect(damaged(.xe).1, ["--json", "--backup-region", "0x2ff61000"])
    let answer = try json(run)
    let state = try #require(answer["encryption"] as? [String: Any])
    #expect(state["kind"] as? String == "sme" && state["mask"] as? String == "0x800000000000")
    #expect((state["evidence"] as? String)?.contains("NUMBER(sme_mask)") == true)
    let low = try #require(answer["low_memory"] as? [String: Any])
    #expect(low["start"] as? String == "0x1000" && low["bytes"] as? Int == 0x9f000)
    let backups = try #require(answer["backups"] as? [[String: Any]])
    #expect(backups.first?["address"] as? String == "0x2ff61000")
    #expect(backups.first?["certainty"] as? String == "stated")
    let repair = try #require(answer["repair"] as? [String: Any])
    #expect(repair["verdict"] as? String == "repairable" && repair["pages_repaired"] as? Int == 159)
    #expect(repair["backup"] as? String == "0x2ff61000")
    let classes = try #require(repair["classes"] as? [[String: Any]])
    #expect(classes.count == 3)
    for found in classes {
      #expect((found["constant"] as? String)?.count == 32 && found["believed"] as? Bool == true)
      #expect((found["checks"] as? [String: Int])?.count ?? 0 >= 2)
    }
    #expect(classes.reduce(0) { $0 + (($1["pages"] as? [String])?.count ?? 0) } == 159)
    #expect((answer["record"] as? String)?.hasPrefix("repaired SME") == true)
  }

  @Test("The runs of the C-bit map are all of memory, each page once")
  func map() throws {
    let (kernel, _) = damaged(.xe)
    // The kernel had mapped one page decrypted.
    let entry = try #require(kernel.tableEntry(kernel.pageOffset + 310 << 12, level: 2))
    let value = kernel.memory.load(entry, as: UInt64.self)
    kernel.memory.store(value & ~(1 << 47), at: entry)
    let answer = try json(try inspect(kernel.vmcore(), ["--json"]))
    let map = try #require(answer["c_bit_map"] as? [String: Any])
    let runs = try #require(map["runs"] as? [[String: Any]])
    var next: UInt64 = 0
    var pages: [String: UInt64] = [:]
    for run in runs {
      let ends = ["start", "end"].compactMap {
        (run[$0] as? String).flatMap { UInt64($0.dropFirst(2), radix: 16) }
      }
      try #require(ends.count == 2 && ends[0] >= next && ends[1] > ends[0])
      next = ends[1]
      pages[try #require(run["mapped"] as? String), default: 0] += (ends[1] - ends[0]) / 4096
    }
    #expect(pages["encrypted"] == map["encrypted_pages"] as? UInt64)
    #expect(pages["decrypted"] == map["decrypted_pages"] as? UInt64)
    // A leaf of 2 MiB: the low memory and 300 to 420 lie in it.
    #expect(pages["decrypted"] ?? 0 >= 159 + 120)
    #expect(pages.values.reduce(0, +) == answer["pages"] as? UInt64)
  }

  @Test("An undamaged vmcore, and one of a machine without SME, are said to be that")
  func undamaged() throws {
    let sound = try json(try inspect(SyntheticKernel.withLowMemory().vmcore(), ["--json"]))
    #expect((sound["repair"] as? [String: Any])?["verdict"] as? String == "undamaged")
    #expect((sound["summary"] as? String)?.contains("low memory is as the first kernel saw it") == true)

    let plain = SyntheticKernel.withLowMemory(smeMask: 0).vmcore()
    let answer = try json(try inspect(plain, ["--json"]))
    #expect((answer["encryption"] as? [String: Any])?["kind"] as? String == "none")
    #expect(answer["repair"] is NSNull && answer["c_bit_map"] is NSNull && answer["record"] is NSNull)
    #expect((answer["summary"] as? String)?.contains("nothing needs to be undone") == true)
    let text = try inspect(plain)
    #expect(text.status == 0)
    #expect(text.output.hasSuffix("vmcore: \(answer["summary"] as? String ?? "")\n"))
  }

  @Test("The text ends in the sentence that the JSON has, and names verdict, constants and map")
  func text() throws {
    let image = damaged(.xe).1
    let summary = try #require(try json(try inspect(image, ["--json"]))["summary"] as? String)
    let run = try inspect(image)
    #expect(run.output.hasSuffix("vmcore: \(summary)\n"))
    for part in ["  encryption:  sme", "  verdict:     repairable", "159 repaired of 159", "C-bit map:"] {
      #expect(run.output.contains(part), "\(part)")
    }
  }

  @Test("Noise is called noise, and a kdump-compressed dump is looked into as well")
  func otherInputs() throws {
    let answer = try json(try inspect(damaged(.noise).1, ["--json"]))
    #expect((answer["repair"] as? [String: Any])?["verdict"] as? String == "noEvidence")
    try Data(damaged(.xe).1.bytes).write(to: folder.url.appending(path: "elf"))
    #expect(
      try ProgramUnderTest.run(["-l", "-d", "1", "--sme", "off", "elf", "dump"], in: folder.url).status == 0)
    let dump = try json(try ProgramUnderTest.run(["inspect", "--json", "dump"], in: folder.url))
    #expect((dump["repair"] as? [String: Any])?["pages_repaired"] as? Int == 159)
    #expect((dump["format"] as? String)?.hasPrefix("kdump-compressed") == true)
  }

  @Test("Without VMCOREINFO it is said that nothing is known")
  func withoutVMCOREINFO() throws {
    var builder = SyntheticKernel.withLowMemory().elf()
    builder.notes.removeAll { $0.name == "VMCOREINFO" }
    let answer = try json(try inspect(builder.build(), ["--json"]))
    #expect(answer["encryption"] is NSNull && answer["release"] is NSNull)
    #expect((answer["summary"] as? String)?.contains("doesn't contain vmcoreinfo") == true)
  }

  @Test(
    "Answers about encrypted memory are as the JSON Schema says, and so is the line of a file that is no vmcore",
    .enabled(if: SchemaCheck.isThere))
  func schema() throws {
    var lines = ""
    for damage in [SyntheticKernel.LowDamage.xe, .noise] {
      let run = try inspect(damaged(damage).1, ["--ndjson", "--backup-region", "0x2ff61000"])
      _ = try json(run)
      lines += run.output
    }
    try folder.write("no vmcore", to: "none")
    let run = try ProgramUnderTest.run(["inspect", "--ndjson", "none"], in: folder.url)
    #expect(run.status == 1 && run.errors.filter { $0 == "\n" }.count == 1)
    #expect(run.output.hasPrefix("{\"vmcore\": \"none\", \"error\": \""), "\(run.output)")
    lines += run.output
    let check = SchemaCheck(
      packageRoot: ProgramUnderTest.packageRoot, schema: "integration/inspect.schema.json")
    #expect(try check.problem(of: lines) == nil)
  }

  @Test("A file that is none is one line and exit status 1")
  func foreign() throws {
    try folder.write("no vmcore", to: "vmcore")
    let run = try ProgramUnderTest.run(["inspect", "vmcore"], in: folder.url)
    #expect(run.status == 1 && run.output == "" && run.errors.filter { $0 == "\n" }.count == 1)
  }
}
