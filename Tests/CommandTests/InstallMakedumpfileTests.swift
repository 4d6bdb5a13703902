import DumpFixtures
import Foundation
import Testing

/// `make install-makedumpfile`, in systems that are folders.
@Suite("makedumpfile's name goes where kdump's services look, and what had it is kept")
struct InstallMakedumpfileTests {
  private let scratch: ScratchFolder
  private static let program = "/usr/local/sbin/vmsieve"

  init() throws {
    scratch = try ScratchFolder()
  }

  private func bash(_ script: String) throws -> ProgramRun {
    try ProgramUnderTest.run("/bin/bash", ["-c", "cd '\(scratch.path("."))'; \(script)"])
  }

  /// A system in which /bin and /sbin are links into /usr, and more that `script` puts there.
  private func makeSystem(_ script: String = "") throws {
    let run = try bash("mkdir -p usr/bin usr/sbin && ln -s usr/bin bin && ln -s usr/sbin sbin; \(script)")
    #expect(run.status == 0, "\(run.errors)")
  }

  private func install(_ program: String = program) throws -> ProgramRun {
    let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "packaging/install-makedumpfile").path
    return try bash("unset SERVICE_PATH; '\(script)' \(program) \"$PWD\"")
  }

  /// What the place holds: a link's target, or a file's text.
  private func held(_ place: String) throws -> String? {
    let run = try bash("readlink \(place) || cat \(place)")
    return run.status == 0 ? run.output.trimmingCharacters(in: .newlines) : nil
  }

  @Test("Where there is none: in /usr/bin, and a second time says so")
  func none() throws {
    try makeSystem()
    let first = try install()
    #expect(first.status == 0)
    #expect(first.output.contains("/usr/bin/makedumpfile is now a link to \(Self.program)"))
    #expect(!first.output.contains("Another makedumpfile"))
    #expect(try held("usr/bin/makedumpfile") == Self.program)
    let second = try install()
    #expect(second.status == 0)
    #expect(second.output.contains("is a link to \(Self.program) already"))
  }

  @Test("Without dpkg the one in /usr/sbin is moved aside, and a third is never overwritten")
  func movedAside() throws {
    try makeSystem("echo theirs > usr/sbin/makedumpfile")
    let run = try install()
    #expect(run.status == 0)
    #expect(run.output.contains("kept as /usr/sbin/makedumpfile.distrib\n"))
    #expect(run.output.contains("To undo it: mv /usr/sbin/makedumpfile.distrib /usr/sbin/makedumpfile"))
    #expect(try held("usr/sbin/makedumpfile") == Self.program)
    #expect(try held("usr/sbin/makedumpfile.distrib") == "theirs")
    // An update of its package has put it there again.
    _ = try bash("rm usr/sbin/makedumpfile; echo newer > usr/sbin/makedumpfile")
    let again = try install()
    #expect(again.status == 1)
    #expect(again.errors.contains("are both there"))
    #expect(try held("usr/sbin/makedumpfile") == "newer")
    #expect(try held("usr/sbin/makedumpfile.distrib") == "theirs")
  }

  @Test("A link to a vmsieve elsewhere is replaced; one that only a shell finds is named")
  func replaced() throws {
    try makeSystem(
      "mkdir -p usr/local/sbin; ln -s vmsieve usr/local/sbin/makedumpfile; ln -s ../sbin/vmsieve usr/bin/makedumpfile"
    )
    let run = try install()
    #expect(run.status == 0)
    #expect(try held("usr/bin/makedumpfile") == Self.program)
    #expect(try held("usr/bin/makedumpfile.distrib") == nil)
    #expect(run.output.contains("Another makedumpfile is /usr/local/sbin/makedumpfile"))
  }

  private static let hasDpkg = ["/usr/bin/dpkg-divert", "/bin/dpkg-divert"]
    .contains { FileManager.default.isExecutableFile(atPath: $0) }

  @Test("With dpkg the one in /usr/bin is diverted, and what undoes it brings it back", .enabled(if: hasDpkg))
  func diverted() throws {
    try makeSystem(
      """
      mkdir -p var/lib/dpkg/info var/lib/dpkg/updates; touch var/lib/dpkg/status
      echo theirs > usr/bin/makedumpfile; echo older > usr/sbin/makedumpfile
      """)
    let run = try install()
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("kept as /usr/bin/makedumpfile.distrib, by dpkg-divert"))
    #expect(run.output.contains("Another makedumpfile is /usr/sbin/makedumpfile"))
    #expect(try held("usr/bin/makedumpfile") == Self.program)
    #expect(try held("usr/bin/makedumpfile.distrib") == "theirs")
    #expect(try install("/usr/sbin/vmsieve").status == 0)
    #expect(try held("usr/bin/makedumpfile") == "/usr/sbin/vmsieve")
    #expect(try held("usr/bin/makedumpfile.distrib") == "theirs")
    let undone = try bash(
      "rm usr/bin/makedumpfile; dpkg-divert --root \"$PWD\" --local --rename --remove /usr/bin/makedumpfile")
    #expect(undone.status == 0, "\(undone.errors)")
    #expect(try held("usr/bin/makedumpfile") == "theirs")
  }

  @Test("What a package has diverted is left alone", .enabled(if: hasDpkg))
  func divertedByPackage() throws {
    try makeSystem(
      """
      mkdir -p var/lib/dpkg/info var/lib/dpkg/updates; touch var/lib/dpkg/status
      ln -s ../sbin/vmsieve usr/bin/makedumpfile
      printf '%s\\n' /usr/bin/makedumpfile /usr/bin/makedumpfile.distrib vmsieve-makedumpfile > var/lib/dpkg/diversions
      """)
    let run = try install()
    #expect(run.status == 1)
    #expect(run.errors.contains("belongs to the package vmsieve-makedumpfile"))
    #expect(try held("usr/bin/makedumpfile") == "../sbin/vmsieve")
  }
}
