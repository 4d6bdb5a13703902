import DumpFixtures
import Testing

/// Tests that run lines of bash in a folder of their own: `$v` is the program that is tested, `$core` the vmcore.
protocol ShellSuite {
  var folder: ScratchFolder { get }
  /// The path of `$core`.
  var core: String { get }
}

extension ShellSuite {
  /// Runs a line; where any program of a pipe fails, it fails.
  func shell(_ line: String) throws -> ProgramRun {
    try ProgramUnderTest.bash(line, core: core, options: "set -o pipefail;", in: folder)
  }

  /// Runs a line all of whose commands have to succeed.
  func expectSuccess(_ line: String) throws {
    let run = try shell("set -e; " + line)
    #expect(run.status == 0, "\(run)")
  }
}
