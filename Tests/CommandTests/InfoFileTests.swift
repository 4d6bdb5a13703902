import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("-i is checked, and counts against the vmcore's own VMCOREINFO")
struct InfoFileTests {
  private let folder: ScratchFolder
  private let kernel: SyntheticKernel

  init() throws {
    folder = try ScratchFolder()
    var configuration = KernelConfiguration(.v6_1)
    configuration.kaslrOffset = 0x1220_0000
    kernel = SyntheticKernel(configuration)
    kernel.setFree(pfn: 512, order: 4)
    for pfn in stride(from: UInt64(600), to: 700, by: 2) { kernel.setAnonymous(pfn: pfn) }
  }

  private func writeCore(_ name: String, info: String) throws {
    var builder = kernel.elf()
    builder.notes.removeAll { $0.name == "VMCOREINFO" }
    builder.notes.append(.vmcoreinfo(info))
    try Data(builder.build().bytes).write(to: folder.url.appending(path: name))
  }

  private func run(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.run(line.split(separator: " ").map(String.init), in: folder.url)
  }

  private func frames(_ name: String) throws -> [UInt64] { try KdumpDump(folder.path(name)).dumped.frames }

  @Test(
    "A wrong number, a wrong place and a wrong release in the note are put right, in the dump too",
    arguments: [
      ("NUMBER(phys_base)", "4096"), ("NUMBER(PG_lru)", "31"), ("OFFSET(page.mapping)", "40"),
      ("SYMBOL(init_top_pgt)", "ffffffff81000000"), ("SYMBOL(_stext)", "ffffffff81000000"),
      ("OSRELEASE", "5.0.0-hypervisor"), ("KERNELOFFSET", "0"),
    ])
  func overrides(key: String, value: String) throws {
    let right = kernel.vmcoreinfoText
    try folder.write(right, to: "info")
    try writeCore("good", info: right)
    let lines = right.split(separator: "\n").map { $0.hasPrefix(key + "=") ? "\(key)=\(value)" : String($0) }
    let wrong = lines.joined(separator: "\n") + "\n"
    try #require(wrong != right)
    try writeCore("core", info: wrong)
    #expect(try run("-l -d 31 good expected").status == 0)
    let result = try run("-l -d 31 -i info core dump")
    #expect(result.status == 0, "\(result)")
    #expect(result.output.contains("info overrides VMCOREINFO, also in the dump: \(key)"), "\(result)")
    #expect(try frames("dump") == frames("expected"))
    #expect(try KdumpDump(folder.path("dump")).vmcoreinfo == right)
    let header = try KdumpDump(folder.path("dump")).header
    #expect(header.release == "6.1.0-56-amd64" && header.physicalBase == kernel.physicalBase)
    // Refiltered, it needs no file any more.
    #expect(try run("-z -d 31 dump again").status == 0)
    #expect(try frames("again") == frames("expected"))
  }

  @Test(
    "What says the same changes nothing, and what is of another boot is moved",
    arguments: [0, 0x200_0000] as [UInt64])
  func same(offset: UInt64) throws {
    var configuration = KernelConfiguration(.v6_1)
    configuration.kaslrOffset = offset
    configuration.regionOffset = 0x67_4000_0000
    try folder.write(
      offset == 0 ? kernel.vmcoreinfoText : SyntheticKernel(configuration).vmcoreinfoText, to: "info")
    try writeCore("core", info: kernel.vmcoreinfoText)
    #expect(try run("-l -d 31 core expected").status == 0)
    let result = try run("-l -d 31 -i info core dump")
    #expect(result.status == 0 && !result.output.contains("overrides"), "\(result)")
    #expect(
      try Data(contentsOf: folder.url.appending(path: "dump"))
        == Data(contentsOf: folder.url.appending(path: "expected")))
  }

  @Test(
    "A file that is none, or of another kernel, is refused before anything is written",
    arguments: [
      ("garbage\n", 1, "OSRELEASE"), ("OSRELEASE=6.1.0-56-amd64\n", 1, "PAGESIZE"), ("", 1, "OSRELEASE"),
      ("OSRELEASE=6.1.0-57-amd64\nPAGESIZE=4096", 2, "6.1.0-57-amd64"),
    ] as [(String, Int32, String)])
  func refused(text: String, status: Int32, word: String) throws {
    try folder.write(text, to: "info")
    try writeCore("core", info: kernel.vmcoreinfoText)
    for line in ["-l -d 31 -i info core dump", "--dump-dmesg -i info core dump"] {
      let result = try run(line)
      #expect(result.status == status && result.errors.contains(word), "\(result)")
    }
    #expect(try run("-l -d 31 -i missing core dump").status == 1)
    #expect(try !folder.contents.contains("dump"))
  }

  @Test("A file of few lines changes these alone, and may lack the end of its last")
  func few() throws {
    try writeCore("core", info: kernel.vmcoreinfoText.replacing("NUMBER(PG_lru)=", with: "NUMBER(PG_lru)=2"))
    try writeCore("good", info: kernel.vmcoreinfoText)
    let lru = kernel.vmcoreinfoText.split(separator: "\n").first { $0.hasPrefix("NUMBER(PG_lru)=") }
    try folder.write("OSRELEASE=6.1.0-56-amd64\nPAGESIZE=4096\n\(lru ?? "")", to: "info")
    #expect(try run("-l -d 31 good expected").status == 0)
    #expect(try run("-l -d 31 -i info core dump").output.contains("in the dump: NUMBER(PG_lru)\n"))
    #expect(try frames("dump") == frames("expected"))
  }
}
