import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("What a vmlinux tells is what the vmcore's notes tell")
struct KernelKnowledgeTests {
  static let kernels = ["6.1", "6.12"].filter(Lab.hasKernel)

  /// The vmcore without its VMCOREINFO note.
  private func withoutNote(_ vmcore: RealVmcore, in folder: ScratchFolder) throws -> String {
    let copy = folder.path("nonote")
    try FileManager.default.copyItem(atPath: vmcore.path, toPath: copy)
    let file = try FileHandle(forUpdating: URL(filePath: copy))
    let start = try #require(try file.read(upToCount: 1 << 20))
    let place = try #require(start.range(of: Data("VMCOREINFO\0".utf8)))
    try file.seek(toOffset: UInt64(place.lowerBound))
    try file.write(contentsOf: Data("ANYTHING..".utf8))
    try file.close()
    return copy
  }

  @Test("-g writes what makedumpfile -g writes", arguments: kernels)
  func generate(kernel: String) throws {
    let folder = try ScratchFolder()
    let vmlinux = try Lab.vmlinux(kernel)
    try ProgramRun.succeeding(Lab.vmsieve, ["-g", folder.path("ours"), "-x", vmlinux])
    try ProgramRun.succeeding(try Makedumpfile.path(), ["-g", folder.path("theirs"), "-x", vmlinux])
    func lines(_ name: String) throws -> Set<Substring> {
      Set(try String(contentsOfFile: folder.path(name), encoding: .utf8).split(separator: "\n"))
    }
    // The number of elements of an array of no known length, and the name of a source file.
    let unknown = ["LENGTH(node_data)", "SRCFILE(pud_t)"]
    let missing = try lines("theirs").subtracting(try lines("ours"))
      .filter { line in !unknown.contains { line.hasPrefix($0) } }
    #expect(missing.isEmpty)
    #expect(try lines("ours").count > 80)
  }

  @Test(
    "-g writes the same from debug information alone", .enabled(if: Lab.readsDWARF), arguments: kernels)
  func debugInformation(kernel: String) throws {
    let folder = try ScratchFolder()
    let vmlinux = try Lab.vmlinux(kernel)
    for (name, path) in [("with", vmlinux), ("without", try folder.copyWithoutBTF(vmlinux))] {
      try ProgramRun.succeeding(Lab.vmsieve, ["-g", folder.path(name), "-x", path])
    }
    #expect(try Data(contentsOf: folder.url("without")) == Data(contentsOf: folder.url("with")))
  }

  @Test("Dumps of a vmcore without the note are those of the vmcore with it", arguments: kernels)
  func noteless(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    let copy = try withoutNote(vmcore, in: folder)
    try vmcore.dump("-l -d 31", to: folder.path("dump"))
    let vmlinux = try Lab.vmlinux(kernel)
    try ProgramRun.succeeding(Lab.vmsieve, ["-g", folder.path("info"), "-x", vmlinux])
    let expected = try KdumpDump(folder.path("dump"))
    for (index, options) in [[], ["-i", folder.path("info")], ["-x", vmlinux]].enumerated() {
      let path = folder.path("dump\(index)")
      let run = try ProgramRun.succeeding(Lab.vmsieve, options + ["-l", "-d", "31", copy, path])
      #expect(run.output.contains("doesn't contain vmcoreinfo"))
      var verdict = try judge(dump: KdumpDump(path), vmcore: vmcore.elf, reference: expected)
      let partial = vmcore.partialFrames
      verdict.existingDiffers.removeAll { partial.contains($0) }
      #expect(verdict.isClean, "\(options): \(verdict)")
    }
    // makedumpfile finds its way with the file, too.
    let text = try String(contentsOfFile: folder.path("info"), encoding: .utf8)
    #expect(text.contains("SYMBOL(init_uts_ns)="))
  }

  @Test("The log of a vmcore without the note is that of the vmcore with it", arguments: kernels)
  func log(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let folder = try ScratchFolder()
    let copy = try withoutNote(vmcore, in: folder)
    for (options, path, name) in [
      ([], vmcore.path, "with"), (["-x", try Lab.vmlinux(kernel)], copy, "without"),
    ] {
      try ProgramRun.succeeding(Lab.vmsieve, options + ["--dump-dmesg", path, folder.path(name)])
    }
    let text = try Data(contentsOf: folder.url("with"))
    #expect(try Data(contentsOf: folder.url("without")) == text)
    #expect(text.count > 10_000)
  }

  @Test(
    "A vmlinux or VMCOREINFO of another kernel ends with exit status 2",
    .enabled(if: Lab.hasKernel("6.1") && Lab.hasKernel("6.12")))
  func otherKernel() throws {
    let vmcore = try RealVmcore("6.12")
    let folder = try ScratchFolder()
    let vmlinux = try Lab.vmlinux("6.1")
    try ProgramRun.succeeding(Lab.vmsieve, ["-g", folder.path("info"), "-x", vmlinux])
    for options in [["-x", vmlinux], ["-i", folder.path("info")]] {
      let run = try ProgramRun.of(Lab.vmsieve, options + ["-d", "31", vmcore.path, folder.path("dump")])
      #expect(run.status == 2)
      #expect(!FileManager.default.fileExists(atPath: folder.path("dump")))
    }
  }
}
