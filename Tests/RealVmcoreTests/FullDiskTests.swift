import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("Where a dump does not fit, the kernel's own pages are in it", .serialized)
struct FullDiskTests {
  private static let canMount: Bool = {
    if Lab.isSkipped { return false }
    if !MountedFilesystem.isPossible {
      print(
        "NO FILESYSTEM CAN BE MOUNTED (that needs root, mkfs.ext2 and loop devices): FULL ONES ARE NOT TESTED"
      )
    }
    return MountedFilesystem.isPossible
  }()

  /// Options, and MiB of a filesystem that is too small for what they make, with room for the kernel's pages.
  private static let disks = [("-d 0", 180), ("-d 1 -l", 60)]

  private func fill(
    _ vmcore: RealVmcore, _ options: String, _ filesystem: MountedFilesystem
  ) throws -> String {
    let target = filesystem.folder + "/dump"
    let run = try ProgramRun.of(
      Lab.vmsieve, options.split(separator: " ").map(String.init) + [vmcore.path, target])
    #expect(run.status == 1 && run.errors.contains("No space left on device"), "\(run)")
    #expect(run.errors.contains("the kernel's own pages are written first"), "\(run)")
    #expect(run.errors.contains("pages of the kernel are in it; "), "\(run)")
    let verdict = try judge(dump: KdumpDump(target), vmcore: vmcore.elf)
    let pages = try KdumpDump(target)
    #expect(pages.header.isIncomplete && !verdict.cut.isEmpty)
    #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty, "\(verdict)")
    return target
  }

  @Test(
    "crash opens a dump that a full filesystem cut, and says what it says of the vmcore",
    .enabled(if: canMount && Lab.hasKernel("6.1")), arguments: disks)
  func crash(options: String, size: Int) throws {
    let vmcore = try RealVmcore("6.1")
    let filesystem = try MountedFilesystem(.ext2, byteCount: size << 20)
    let dump = try fill(vmcore, options, filesystem)
    let questions = ["sys", "log", "bt", "ps", "kmem -i"]
    let whole = try Crash.ask(questions, of: vmcore.path, "6.1")
    let cut = try Crash.ask(questions, of: dump, "6.1")
    #expect(whole["bt"]?.contains("sysrq_handle_crash") == true)
    for question in questions { #expect(cut[question] == whole[question], "\(question)") }
  }

  @Test(
    "drgn finds all tasks, slabs and messages in a dump that a full filesystem cut",
    .enabled(if: canMount), arguments: ["6.1", "6.12"].filter(Lab.hasKernel), disks)
  func drgn(kernel: String, disk: (options: String, size: Int)) throws {
    let vmcore = try RealVmcore(kernel)
    let filesystem = try MountedFilesystem(.ext2, byteCount: disk.size << 20)
    let dump = try fill(vmcore, disk.options, filesystem)
    #expect(try Drgn.ask("report", of: dump, kernel) == Drgn.ask("report", of: vmcore.path, kernel))
  }

  @Test(
    "A dump that just fits has all pages, for every reader, and makedumpfile makes the same of it",
    .enabled(if: Lab.hasKernel("6.1")))
  func justFits() throws {
    let vmcore = try RealVmcore("6.1")
    let scratch = try ScratchFolder()
    try vmcore.dump("-l -d 1", to: scratch.path("plain"))
    let size = try #require(
      FileManager.default.attributesOfItem(atPath: scratch.path("plain"))[.size] as? Int)
    let run = try vmcore.dump("-l -d 1 -L \(size)", to: scratch.path("dump"))
    #expect(run.errors.contains("the kernel's own pages are written first"))
    try vmcore.expectSamePages(in: scratch.path("dump"), as: scratch.path("plain"))
    #expect(try ProgramRun.of(Lab.vmsieve, ["verify", scratch.path("dump")]).status == 0)
    let questions = ["sys", "log", "bt", "ps", "kmem -i"]
    #expect(
      try Crash.ask(questions, of: scratch.path("dump"), "6.1")
        == Crash.ask(questions, of: scratch.path("plain"), "6.1"))
    let programs = [Lab.vmsieve, try Makedumpfile.path()]
    for program in programs {
      for name in ["plain", "dump"] {
        try ProgramRun.succeeding(
          program, ["-l", "-d", "31", scratch.path(name), scratch.path("again-" + name)])
      }
      let again = try Data(contentsOf: scratch.url("again-dump"))
      #expect(again == (try Data(contentsOf: scratch.url("again-plain"))), "\(program)")
      for name in ["plain", "dump"] { try FileManager.default.removeItem(at: scratch.url("again-" + name)) }
    }
  }

  @Test("A kill leaves no page wrong, and nothing that looks whole", .enabled(if: Lab.hasKernel("6.1")))
  func killed() throws {
    let vmcore = try RealVmcore("6.1")
    let scratch = try ScratchFolder()
    let clock = ContinuousClock()
    let start = clock.now
    try vmcore.dump("-d 0", to: scratch.path("plain"))
    let seconds = (clock.now - start) / .seconds(1)
    let size = try #require(
      FileManager.default.attributesOfItem(atPath: scratch.path("plain"))[.size] as? Int)
    var kills = 0
    for part in [0.05, 0.2, 0.4, 0.6] {
      let dump = scratch.path("\(part)")
      let line =
        "'\(Lab.vmsieve)' -d 0 -L \(size) '\(vmcore.path)' '\(dump)' & p=$!; "
        + "sleep \(seconds * part); kill -9 $p; wait $p"
      let run = try ProgramRun.of("/bin/bash", ["-c", line])
      // A machine that got faster meanwhile may have been done.
      if run.status == 0 { continue }
      kills += 1
      #expect(try ProgramRun.of(Lab.vmsieve, ["verify", dump]).status == 1)
      // Before its first block is there, nothing can be read of a dump.
      guard let left = try? KdumpDump(dump) else { continue }
      let verdict = judge(dump: left, vmcore: vmcore.elf)
      #expect(left.header.isIncomplete && verdict.wrong.isEmpty && verdict.unreadable.isEmpty, "\(verdict)")
    }
    #expect(kills > 0)
  }
}
