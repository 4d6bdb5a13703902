import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite(
  "A dump that exists is repaired in its own format, and keeps every other byte",
  .enabled(if: Lab.hasKernel("6.1")))
struct RepairTests {
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
  }

  /// The same crash with the damage and without.
  private func twins(_ kernel: String) throws -> (damaged: String, sound: RealVmcore) {
    let vmcore = try RealVmcore(kernel)
    try EncryptedTwin(of: vmcore, at: scratch.path("damaged"), TwinRecipe(tweaks: .published, seed: 3))
    try EncryptedTwin(
      of: vmcore, at: scratch.path("sound"), TwinRecipe(tweaks: .published, isDamaged: false, seed: 3))
    return (scratch.path("damaged"), try RealVmcore(kernel, at: scratch.path("sound")))
  }

  @Test(
    "ELF: the file is what it was before the damage, and then there is nothing to repair",
    arguments: ["6.1", "6.12"].filter(Lab.hasKernel))
  func elf(kernel: String) throws {
    let (damaged, sound) = try twins(kernel)
    #expect(!FileManager.default.contentsEqual(atPath: damaged, andPath: sound.path))
    let run = try ProgramRun.succeeding(Lab.vmsieve, ["repair", damaged, scratch.path("new")])
    #expect(run.output.contains("Unrepaired pages: 0\n"), "\(run.output)\(run.errors)")
    #expect(FileManager.default.contentsEqual(atPath: scratch.path("new"), andPath: sound.path))

    let again = try ProgramRun.of(Lab.vmsieve, ["repair", scratch.path("new"), scratch.path("again")])
    #expect(again.status == 3 && again.errors.contains("there is nothing to repair"), "\(again)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("again")))
  }

  @Test(
    "kdump-compressed: the pages are those that the undamaged vmcore's dump has, whoever made the damaged one",
    arguments: ["6.1", "6.12"].filter(Lab.hasKernel))
  func kdump(kernel: String) throws {
    let (damaged, sound) = try twins(kernel)
    for options in ["-d 31", "-c -d 31", "-l -d 31", "-p -d 31", "-z -d 31", "-l -d 1"] {
      let words = options.split(separator: " ").map(String.init)
      try ProgramRun.succeeding(
        Lab.vmsieve, words + ["-f", "--sme", "off", damaged, scratch.path("old")])
      try sound.dump("-f \(options)", to: scratch.path("wanted"))
      try ProgramRun.succeeding(Lab.vmsieve, ["repair", "-f", scratch.path("old"), scratch.path("new")])
      let dump = try KdumpDump(scratch.path("new"))
      let verdict = try judge(dump: dump, vmcore: sound.elf, reference: KdumpDump(scratch.path("wanted")))
      // A low page of zeros was no page of zeros when the damaged dump was made: it is stored, and no less right.
      #expect(verdict.missing.isEmpty && verdict.extra.isEmpty, "\(options): \(verdict)")
      #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty, "\(options): \(verdict)")
      #expect(dump.header.eraseInfoSize > 0)
      try ProgramRun.succeeding(Lab.vmsieve, ["verify", scratch.path("new")])
    }
    try RealVmcore(kernel, at: damaged).reference("-l -d 1", to: scratch.path("makedumpfile"))
    try ProgramRun.succeeding(
      Lab.vmsieve, ["repair", "-f", scratch.path("makedumpfile"), scratch.path("new")])
    let verdict = try judge(dump: KdumpDump(scratch.path("new")), vmcore: sound.elf)
    #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty, "makedumpfile: \(verdict)")
  }

  @Test("crash opens a repaired dump and answers as on the undamaged vmcore; of the record it says a warning")
  func crash() throws {
    let (damaged, sound) = try twins("6.1")
    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "31", "--sme", "off", damaged, scratch.path("old")])
    try ProgramRun.succeeding(Lab.vmsieve, ["repair", scratch.path("old"), scratch.path("new")])
    let wanted = try ReaderTests().askCrash(sound.path)
    let ours = try ReaderTests().askCrash(scratch.path("new"))
    for question in ReaderTests.questions { #expect(ours[question] == wanted[question], "\(question)") }

    let run = try ProgramRun.succeeding(
      try Lab.tool("crash"), ["-s", try Lab.vmlinux("6.1"), scratch.path("new")], input: "help -n\nquit\n",
      within: 180)
    #expect((run.output + run.errors).contains("Kernel data has been erased from this dumpfile"))
    let header = try KdumpDump(scratch.path("new")).header
    #expect(run.output.contains("size_eraseinfo: \(header.eraseInfoSize) "))
  }

  @Test("A kill at any time leaves no NEW or a whole one, and OLD as it was")
  func killed() throws {
    let (damaged, sound) = try twins("6.1")
    let before = try FileManager.default.attributesOfItem(atPath: damaged)[.modificationDate] as? Date
    var kills = 0
    for milliseconds in [2, 10, 30, 60, 100, 150, 250, 400] {
      let run = try ProgramRun.of(
        "/bin/sh",
        [
          "-c", "timeout -s KILL $1 $2 repair $3 $4; exit $?", "sh",
          "0.\(String(1000 + milliseconds).dropFirst())", Lab.vmsieve, damaged, scratch.path("new"),
        ])
      let isThere = FileManager.default.fileExists(atPath: scratch.path("new"))
      if run.status != 0 { kills += 1 }
      // It may be there after a kill as well, one that came after its renaming; then it is whole.
      #expect(isThere || run.status != 0, "after \(milliseconds) ms: \(run)")
      if isThere {
        #expect(FileManager.default.contentsEqual(atPath: scratch.path("new"), andPath: sound.path))
        try FileManager.default.removeItem(atPath: scratch.path("new"))
      }
    }
    #expect(kills > 0)
    #expect(try FileManager.default.attributesOfItem(atPath: damaged)[.modificationDate] as? Date == before)
  }

  @Test("inspect's JSON is read by Foundation and by Python, and its map is all of memory")
  func inspect() throws {
    let (damaged, sound) = try twins("6.1")
    let run = try ProgramRun.succeeding(Lab.vmsieve, ["inspect", "--json", damaged])
    let answer = try #require(
      try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let repair = try #require(answer["repair"] as? [String: Any])
    let low = try EncryptedTwin.low(of: sound)
    #expect(repair["verdict"] as? String == "repairable")
    #expect(repair["pages_repaired"] as? UInt64 == (low.size + 4095) / 4096)
    let map = try #require(answer["c_bit_map"] as? [String: Any])
    // The twin has the bit in every entry.
    #expect(map["decrypted_pages"] as? Int == 0 && map["unknown_pages"] as? Int == 0)
    #expect(map["encrypted_pages"] as? Int == sound.frames.count)

    let script = "import json, sys; d = json.load(sys.stdin); print(d['repair']['pages_repaired'])"
    let python = try ProgramRun.succeeding(try Lab.python(), ["-c", script], input: run.output)
    #expect(python.output == "\(repair["pages_repaired"] as? Int ?? 0)\n")
  }
}
