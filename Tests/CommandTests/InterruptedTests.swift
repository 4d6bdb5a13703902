import DumpFixtures
import DumpJudge
import Foundation
import Testing

@Suite("Dumps of large machines that do not come to their end", .serialized)
struct InterruptedTests {
  /// Sizes of filesystems in MiB: offsets that need 32 bits and more are passed only where somebody has the time.
  private static let sizes =
    ProcessInfo.processInfo.environment["VMSIEVE_ALL"] == nil ? [300] : [300, 1 << 10, 2150, 5 << 10]

  private static let canMount: Bool = {
    if !MountedFilesystem.isPossible {
      print(
        "NO FILESYSTEM CAN BE MOUNTED (that needs root, mkfs.ext2 and loop devices): FULL ONES ARE NOT TESTED"
      )
    }
    return MountedFilesystem.isPossible
  }()

  @Test(
    "On a full filesystem every page before the cut is right, and the dump is marked",
    .enabled(if: canMount), arguments: sizes)
  func fullFilesystem(size: Int) throws {
    let machine = try LargeMachine(memory: UInt64(size + size / 4) << 20)
    let truth = try ELFVmcore(machine.path)
    let filesystem = try MountedFilesystem(.ext2, byteCount: size << 20)
    let target = filesystem.folder + "/dump"
    for options in [["-d", "0"], ["-E"]] {
      let run = try ProgramUnderTest.run(["-f"] + options + [machine.path, target])
      #expect(run.status == 1)
      #expect(run.errors.contains("No space left on device") && run.errors.contains("is marked incomplete"))
      let check = try ProgramUnderTest.run(["verify", target])
      #expect(check.status == 1 && check.output.contains("is incomplete"))
      var right = 0
      if options == ["-E"] {
        right = try expectCutELF(target, truth)
      } else {
        let dump = try KdumpDump(target)
        let verdict = judge(dump: dump, vmcore: truth)
        #expect(dump.header.isIncomplete)
        #expect(verdict.wrong.isEmpty && verdict.unreadable.isEmpty && !verdict.cut.isEmpty, "\(verdict)")
        right = verdict.right
      }
      #expect(right * 4096 > size << 20 * 9 / 10, "\(right) pages")
    }
  }

  /// Returns how many pages are there; each must be right, and there must be none behind.
  private func expectCutELF(_ path: String, _ truth: ELFVmcore) throws -> Int {
    let core = try ELFVmcore(path)
    let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64)
    var right = 0
    for segment in core.segments where segment.fileOffset < size {
      let count = min(segment.fileSize, size - segment.fileOffset) / 4096
      for pfn in segment.physicalAddress / 4096..<segment.physicalAddress / 4096 + count {
        if let page = core.content(pfn), let other = truth.content(pfn),
          memcmp(page.baseAddress!, other.baseAddress!, 4096) == 0
        {
          right += 1
        } else {
          Issue.record("page \(pfn) is wrong")
          return right
        }
      }
    }
    return right
  }

  /// Runs a line of the shell once for its time, and then kills it a few times in between: what it makes must be sound
  /// when it is done, and never before.
  private func kill(
    _ line: String, making targets: [String], in folder: ScratchFolder,
    after: (_ moment: String) throws -> Void = { _ in }
  ) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let first = try ProgramUnderTest.run("/bin/sh", ["-c", line], in: folder.url)
    let whole = clock.now - start
    #expect(first.status == 0)
    let sound = try ProgramUnderTest.run(["verify"] + targets, in: folder.url)
    #expect(sound.status == 0)
    let seconds = whole / .seconds(1)
    var generator = SeededGenerator(seed: 9)
    var kills = 0
    for _ in 0..<5 {
      let time = seconds * Double.random(in: 0.02..<0.6, using: &generator)
      let words =
        "rm -f \(targets.joined(separator: " ")); \(line) & p=$!; sleep \(time); kill -9 $p; wait $p"
      let run = try ProgramUnderTest.run("/bin/bash", ["-c", words], in: folder.url)
      // A machine that got faster meanwhile may have been done.
      if run.status == 0 { continue }
      kills += 1
      let moment = "after \(time) of \(seconds) seconds"
      let check = try ProgramUnderTest.run(["verify"] + targets, in: folder.url)
      #expect(check.status == 1, "\(moment): \(check)")
      try after(moment)
    }
    #expect(kills > 0)
  }

  @Test(
    "What is left after a kill does not look whole", arguments: ["-d 0", "-l -d 1", "-E", "-d 0 --split"])
  func killed(options: String) throws {
    let machine = try LargeMachine(memory: 768 << 20)
    let names = options.hasSuffix("--split") ? ["one", "two"] : ["one"]
    let targets = names.joined(separator: " ")
    try kill(
      "'\(ProgramUnderTest.path)' -f \(options) '\(machine.path)' \(targets) > /dev/null 2>&1", making: names,
      in: ScratchFolder())
  }

  @Test("A stream that a kill cut is not taken for a whole one, nor rearranged as one")
  func killedStream() throws {
    let machine = try LargeMachine(memory: 512 << 20)
    let folder = try ScratchFolder()
    func rearrange(_ options: String) throws -> ProgramRun {
      let line = "rm -f back; '\(ProgramUnderTest.path)' -R \(options) back < stream"
      return try ProgramUnderTest.run("/bin/sh", ["-c", line], in: folder.url)
    }
    let line = "'\(ProgramUnderTest.path)' -F -d 0 '\(machine.path)' > stream 2> /dev/null"
    try kill(line, making: ["stream"], in: folder) { moment in
      let back = try rearrange("")
      let isThere = try folder.contents.contains("back")
      #expect(back.status == 1 && !isThere, "\(moment): \(back)")
      let kept = try rearrange("--keep-partial")
      // Nothing is kept of a stream that ends before its first page.
      let isKept = try folder.contents.contains("back")
      #expect(kept.status == (isKept ? 4 : 1), "\(moment): \(kept)")
      guard isKept else { return }
      let check = try ProgramUnderTest.run(["verify", "back"], in: folder.url)
      let dump = try KdumpDump(folder.path("back"))
      #expect(check.status == 1 && dump.header.isIncomplete, "\(moment): \(check)")
    }
  }

  @Test("A split dump that is put together again is not called whole after a kill")
  func killedReassembly() throws {
    let machine = try LargeMachine(memory: 512 << 20)
    let folder = try ScratchFolder()
    let split = try ProgramUnderTest.run(["-d", "0", "--split", machine.path, "one", "two"], in: folder.url)
    #expect(split.status == 0)
    let line = "'\(ProgramUnderTest.path)' -f --reassemble one two whole > /dev/null 2>&1"
    try kill(line, making: ["whole"], in: folder)
  }
}
