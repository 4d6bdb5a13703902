import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("A dump of a dump has the pages that a dump of the vmcore has")
struct RefilterTests {
  static let kernels = ["6.1", "6.12"].filter { Lab.hasKernel($0) }

  @Test("From level 1 to 31, from each codec to each", arguments: kernels, ["", "-c", "-l", "-p", "-z"])
  func levels(kernel: String, codec: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    try vmcore.dump("\(codec) -d 1", to: scratch.path("first"))
    try vmcore.dump("-l -d 31", to: scratch.path("direct"))
    for target in ["-l", codec] {
      let run = try refilter(scratch.path("first"), "-f \(target) -d 31", to: scratch.path("second"))
      #expect(!run.output.contains("dump_level is changed"))
      try expectSame(scratch.path("second"), as: scratch.path("direct"), vmcore)
    }
    // LZO makes the same of the same pages, and so the files are the same.
    try refilter(scratch.path("first"), "-f -l -d 31", to: scratch.path("second"))
    #expect(
      FileManager.default.contentsEqual(atPath: scratch.path("second"), andPath: scratch.path("direct")))
  }

  @Test("Level 0 to 1 finds the pages of zeros", arguments: kernels)
  func zeros(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    try vmcore.dump("-z -d 0", to: scratch.path("first"))
    try vmcore.dump("-z -d 1", to: scratch.path("direct"))
    try refilter(scratch.path("first"), "-z -d 1", to: scratch.path("second"))
    #expect(
      FileManager.default.contentsEqual(atPath: scratch.path("second"), andPath: scratch.path("direct")))
  }

  @Test("What was left out does not come back, and a line says so", arguments: kernels)
  func earlierLevel(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    let first = scratch.path("first")
    try vmcore.dump("-l -d 17", to: first)
    let run = try refilter(first, "-c -d 14", to: scratch.path("second"))
    #expect(
      run.output.contains("dump_level is changed to 31, because \(first) was created by dump_level(17).\n"))
    try vmcore.dump("-c -d 31", to: scratch.path("direct"))
    try expectSame(scratch.path("second"), as: scratch.path("direct"), vmcore)
  }

  @Test("Dumps that makedumpfile made, plain and flattened, ELF and not", arguments: kernels)
  func makedumpfile(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d 31", to: scratch.path("direct"))
    let codecs = ["-c", "-l", "-p", "-z"].filter { Makedumpfile.codecs.contains($0) }
    for options in codecs.map({ "\($0) -d 1" }) + ["-d 0", "-E -d 0"] {
      try vmcore.reference("\(options)", to: scratch.path("first"))
      try refilter(scratch.path("first"), "-f -l -d 31", to: scratch.path("second"))
      try expectAlmostSame(scratch.path("second"), as: scratch.path("direct"), vmcore)
      try ProgramRun.succeeding(Lab.vmsieve, ["verify", scratch.path("first")])
      try FileManager.default.removeItem(atPath: scratch.path("first"))
    }
    for options in ["-F -l -d 1", "-F -E -d 0"] {
      let tool = try Makedumpfile.path()
      try ProgramRun.succeeding(
        "/bin/sh", ["-c", #"exec "$0" $1 "$2" > "$3""#, tool, options, vmcore.path, scratch.path("flat")])
      try refilter(scratch.path("flat"), "-f -l -d 31", to: scratch.path("second"))
      try expectAlmostSame(scratch.path("second"), as: scratch.path("direct"), vmcore)
      try ProgramRun.succeeding(Lab.vmsieve, ["verify", scratch.path("flat")])
    }
  }

  @Test("A cut dump: what is before the cut, and no other page", arguments: kernels)
  func cut(kernel: String) throws {
    let vmcore = try RealVmcore(kernel)
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d 31", to: scratch.path("whole"))
    let size = try #require(
      FileManager.default.attributesOfItem(atPath: scratch.path("whole"))[.size] as? UInt64)
    for share in [UInt64(2), 5, 9] {
      let bytes = size / 10 * share
      try ProgramRun.succeeding(
        "/bin/sh", ["-c", "head -c \(bytes) \(scratch.path("whole")) > \(scratch.path("cut"))"])
      let check = try ProgramRun.of(Lab.vmsieve, ["verify", "--json", scratch.path("cut")])
      #expect(check.status == 1)
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(check.output.utf8)) as? [String: Any])
      let pages = try #require(object["pages"] as? Int)
      let missing = try #require(object["missing"] as? Int)
      #expect(object["complete"] as? Bool == false && object["sound"] as? Bool == false)
      let run = try ProgramRun.of(
        Lab.vmsieve, ["-f", "-l", "-d", "31", scratch.path("cut"), scratch.path("second")])
      #expect(run.status == 4 && run.errors.contains("lacks pages"), "\(run)")
      let second = try KdumpDump(scratch.path("second"))
      #expect(second.header.isIncomplete)
      let verdict = judge(dump: second, vmcore: vmcore.elf)
      #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty && verdict.breaches.isEmpty, "\(verdict)")
      #expect(verdict.right == pages - missing && verdict.cut.count == missing && missing > 0)
    }
  }

  // MARK: - Running and comparing

  @discardableResult
  private func refilter(_ dump: String, _ options: String, to target: String) throws -> ProgramRun {
    try ProgramRun.succeeding(
      Lab.vmsieve, options.split(separator: " ").map(String.init) + [dump, target])
  }

  private func expectSame(
    _ dump: String, as reference: String, _ vmcore: RealVmcore,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let verdict = try judge(dump: KdumpDump(dump), vmcore: vmcore.elf, reference: KdumpDump(reference))
    #expect(verdict.isClean, "\(vmcore.name): \(verdict)", sourceLocation: sourceLocation)
  }

  /// As ``expectSame(_:as:_:sourceLocation:)``, but for the frames that makedumpfile may not have dumped.
  private func expectAlmostSame(
    _ dump: String, as reference: String, _ vmcore: RealVmcore,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var verdict = try judge(dump: KdumpDump(dump), vmcore: vmcore.elf, reference: KdumpDump(reference))
    let partial = vmcore.partialFrames
    verdict.missing.removeAll { partial.contains($0) }
    verdict.existingDiffers.removeAll { partial.contains($0) }
    #expect(verdict.isClean, "\(vmcore.name): \(verdict)", sourceLocation: sourceLocation)
  }
}
