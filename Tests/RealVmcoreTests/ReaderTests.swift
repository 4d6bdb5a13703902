import DumpFixtures
import Foundation
import Testing

@Suite("crash and drgn answer the same on the dump as on the raw vmcore")
struct ReaderTests {
  /// crash 8.0.2, Debian's, does not know 6.12.
  @Test("crash: sys, log, bt, ps, kmem -i on Linux 6.1", .enabled(if: Lab.hasKernel("6.1")))
  func crash() throws {
    let vmcore = try RealVmcore("6.1")
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d 31", to: scratch.path("dump"))
    let raw = try askCrash(vmcore.path)
    let ours = try askCrash(scratch.path("dump"))
    #expect(ours["sys"]?.contains("RELEASE: 6.1") == true)
    #expect(ours["log"]?.contains("Kernel panic - not syncing: sysrq triggered crash") == true)
    #expect(ours["bt"]?.contains("sysrq_handle_crash") == true)
    #expect(ours["ps"]?.contains("swapper/0") == true)
    #expect(ours["kmem -i"]?.contains("TOTAL MEM") == true)
    for question in ReaderTests.questions {
      #expect(ours[question] == raw[question], "\(question)")
    }
  }

  @Test(
    "crash: the same of an ELF core, of one of a kdump-compressed dump, and of the files of a split dump",
    .enabled(if: Lab.hasKernel("6.1")))
  func crashOtherFormats() throws {
    let vmcore = try RealVmcore("6.1")
    let scratch = try ScratchFolder()
    let raw = try askCrash(vmcore.path)
    try vmcore.dump("-E -d 31", to: scratch.path("elf"))
    try vmcore.dump("-l -d 31", to: scratch.path("dump"))
    try ProgramRun.succeeding(Lab.vmsieve, ["-E", "-d", "31", scratch.path("dump"), scratch.path("back")])
    let files = ["one", "two", "three"].map { scratch.path($0) }
    try ProgramRun.succeeding(Lab.vmsieve, ["-l", "-d", "31", "--split", vmcore.path] + files)
    for cores in [[scratch.path("elf")], [scratch.path("back")], files] {
      let ours = try askCrash(cores)
      for question in ReaderTests.questions {
        #expect(ours[question] == raw[question], "\(question) of \(cores)")
      }
    }
  }

  static let questions = ["sys", "log", "bt", "ps", "kmem -i"]

  /// The answers by question, without the line that names the file.
  func askCrash(_ core: String) throws -> [String: String] { try askCrash([core]) }

  /// As ``askCrash(_:)``, of all files of a split dump.
  private func askCrash(_ cores: [String]) throws -> [String: String] {
    let scratch = try ScratchFolder()
    let numbered = ReaderTests.questions.enumerated()
    let script = numbered.map { "\($1) > \(scratch.path("\($0)"))\n" }.joined() + "quit\n"
    let run = try ProgramRun.succeeding(
      try Lab.tool("crash"), ["-s", try Lab.vmlinux("6.1")] + cores, input: script, within: 180)
    var answers: [String: String] = [:]
    for (number, question) in numbered {
      let text = try? String(contentsOfFile: scratch.path("\(number)"), encoding: .utf8)
      let answer = try #require(text, "crash said nothing to \(question): \(run.output)\(run.errors)")
      let lines = answer.split(separator: "\n").filter { line in
        !line.contains("DUMPFILE") && !cores.contains { core in line.contains(core) }
      }
      answers[question] = lines.joined(separator: "\n")
    }
    return answers
  }

  @Test(
    "drgn: tasks with their stacks, modules, slabs and dmesg",
    arguments: ["6.1", "6.12", "6.1-la57", "6.12-numa"])
  func drgn(name: String) throws {
    guard Lab.hasVmcore(name) else { return }
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d 31", to: scratch.path("dump"))
    let raw = try askDrgn(vmcore.path, vmcore.kernel)
    let ours = try askDrgn(scratch.path("dump"), vmcore.kernel)
    for line in [
      "lab-workload", "sysrq_handle_crash", "module virtio_blk", "slab task_struct", "slab dentry",
    ] {
      #expect(ours.contains(line), "\(line)")
    }
    #expect(ours.contains("Kernel panic - not syncing: sysrq triggered crash"))
    let lines = zip(ours.split(separator: "\n"), raw.split(separator: "\n"))
    let first = lines.first { $0 != $1 }
    #expect(ours == raw, "first difference: \(String(describing: first))")
  }

  @Test(
    "drgn: the same of an ELF core, and of one of a kdump-compressed dump",
    arguments: ["6.1", "6.12"].filter(Lab.hasKernel))
  func drgnELF(name: String) throws {
    let vmcore = try RealVmcore(name)
    let scratch = try ScratchFolder()
    try vmcore.dump("-E -d 31", to: scratch.path("elf"))
    try vmcore.dump("-l -d 31", to: scratch.path("dump"))
    try ProgramRun.succeeding(Lab.vmsieve, ["-E", "-d", "31", scratch.path("dump"), scratch.path("back")])
    let raw = try askDrgn(vmcore.path, vmcore.kernel)
    #expect(try askDrgn(scratch.path("elf"), vmcore.kernel) == raw)
    #expect(try askDrgn(scratch.path("back"), vmcore.kernel) == raw)
  }

  private func askDrgn(_ core: String, _ kernel: String) throws -> String {
    let script = Lab.packageRoot.appending(path: "Tests/Lab/drgn_report.py").path
    return try ProgramRun.succeeding(
      try Lab.python(), [script, core, try Lab.vmlinux(kernel)], environment: ["DEBUGINFOD_URLS": ""]
    ).output
  }
}
