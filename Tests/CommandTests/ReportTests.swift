import DumpFixtures
import Foundation
import Testing

@Suite("--report writes what the crashed kernel tells, and never costs the dump")
struct ReportTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    let kernel = SyntheticKernel(.v6_1)
    kernel.writeRingLog([LogEntry("Kernel panic - not syncing: lab")])
    try Data(kernel.vmcore().bytes).write(to: folder.url.appending(path: "vmcore"))
  }

  private func run(_ words: String) throws -> ProgramRun {
    try ProgramUnderTest.run(words.split(separator: " ").map(String.init), in: folder.url)
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOf: folder.url.appending(path: name), encoding: .utf8)
  }

  @Test("The dump is the same, and the report has the panic")
  func report() throws {
    #expect(try run("-l -d 31 vmcore plain").status == 0)
    let run = try run("-l -d 31 --report report vmcore dump")
    #expect(run.status == 0 && run.output.contains("The report is saved to report."), "\(run)")
    #expect(
      try Data(contentsOf: folder.url.appending(path: "plain"))
        == Data(contentsOf: folder.url.appending(path: "dump")))
    #expect(try text("report").contains("  panic:       lab\n"))
    #expect(try text("report").contains("  missing: types: "))
  }

  @Test("What goes wrong with it is said, and the dump is there", arguments: ["mine", "nowhere/report"])
  func failure(path: String) throws {
    try folder.write("mine", to: "mine")
    let run = try run("-l --report \(path) vmcore dump")
    #expect(run.status == 0 && run.errors.contains("warning: --report: "), "\(run)")
    #expect(try text("mine") == "mine")
    #expect(try self.run("verify dump").status == 0)
    #expect(try self.run("-f -l --report mine vmcore dump").status == 0)
    #expect(try text("mine") != "mine")
  }

  @Test("Of a dump that did not fit there is one, too")
  func cut() throws {
    let run = try run("-d 0 -L 100000 --report report vmcore dump")
    #expect(run.status != 0)
    #expect(try text("report").contains("  panic:       lab\n"))
  }

  @Test(
    "It goes with a dump only, and is never the vmcore or the dump",
    arguments: [
      "--dry-run --report r vmcore dump", "--dump-dmesg --report r vmcore log",
      "--mem-usage --report r vmcore",
      "-l --report vmcore vmcore dump", "-l --report dump vmcore dump", "-l --report",
    ])
  func refused(words: String) throws {
    #expect(try run(words).status == 1)
    #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "r").path))
    #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "dump").path))
  }
}
