import DumpFixtures
import DumpJudge
import Foundation
import Synchronization
import Testing

/// What each page of a vmcore is, as drgn reads it from the kernel's struct pages with debug information.
struct PageClasses {
  /// Frames by class: free, cache, private, user, poisoned, offline, image.
  private var frames: [Substring: Set<UInt64>] = [:]

  private static let known = Mutex<[String: Result<PageClasses, any Error>]>([:])

  /// The classes of a vmcore; drgn is asked once for each.
  static func of(_ vmcore: RealVmcore) throws -> PageClasses {
    try known.withLock { known in
      if let result = known[vmcore.name] { return result }
      let result = Result { try PageClasses(vmcore) }
      known[vmcore.name] = result
      return result
    }.get()
  }

  init(_ vmcore: RealVmcore) throws {
    let script = Lab.packageRoot.appending(path: "Tests/Lab/drgn_pages.py").path
    let run = try ProgramRun.succeeding(
      try Lab.python(), [script, vmcore.path, try Lab.vmlinux(vmcore.kernel)],
      environment: ["DEBUGINFOD_URLS": ""])
    for line in run.output.split(separator: "\n") {
      let words = line.split(separator: " ")
      let first = try #require(UInt64(words[1]))
      let last = try #require(UInt64(words[2]))
      frames[words[0], default: []].formUnion(first...last)
    }
    // Each class must be there, or comparing sets proves nothing.
    for name in ["free", "cache", "private", "user", "poisoned", "offline", "image"] {
      try #require(
        frames[Substring(name), default: []].isEmpty == false, "\(vmcore.name) has no \(name) page")
    }
  }

  /// Frames that a dump level excludes. Zero pages stay in the bitmap, so its lowest bit changes nothing. What the
  /// kernel still has of its image stays whatever its struct pages say.
  func excluded(at level: Int) -> Set<UInt64> {
    var excluded: Set<UInt64> = []
    for (name, bits) in [
      ("poisoned", ~0), ("offline", ~0), ("cache", 2 | 4), ("private", 4), ("user", 8), ("free", 16),
    ] where level & bits != 0 || bits == ~0 {
      excluded.formUnion(frames[Substring(name), default: []])
    }
    return excluded.subtracting(imageInUse.subtracting(frames["poisoned", default: []]))
  }

  /// Frames of the kernel's image, but for those that it freed after boot.
  var imageInUse: Set<UInt64> { frames["image", default: []] }

  /// Expects a dump to have all pages that its level does not exclude, no others, and all of them right.
  func expectPages(
    of dump: String, from vmcore: RealVmcore, level: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let dump = try KdumpDump(dump)
    let verdict = judge(dump: dump, vmcore: vmcore.elf)
    #expect(verdict.isClean, "\(vmcore.name): \(verdict)", sourceLocation: sourceLocation)
    let excluded = excluded(at: level)
    let dumped = Set(dump.dumped.frames)
    let missing = vmcore.frames.subtracting(excluded).subtracting(dumped)
    let extra = dumped.intersection(excluded)
    for (name, wrong) in [("missing", missing), ("extra", extra)] where !wrong.isEmpty {
      let first = wrong.sorted().prefix(8).map { "0x" + String($0, radix: 16) }.joined(separator: " ")
      Issue.record("\(vmcore.name): \(wrong.count) \(name): \(first)", sourceLocation: sourceLocation)
    }
  }
}
