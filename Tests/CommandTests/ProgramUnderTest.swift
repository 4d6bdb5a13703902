import DumpFixtures
import Foundation
import Testing

/// Runs programs without a shell between, with nothing on their standard input.
enum ProgramUnderTest {
  static let packageRoot = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The built program: the environment variable VMSIEVE, or `build/vmsieve` as `make build` leaves it.
  static let path =
    ProcessInfo.processInfo.environment["VMSIEVE"] ?? packageRoot.appending(path: "build/vmsieve").path

  /// Whether a sanitizer is in it, which takes terabytes of address space, and time: `Tests/sanitize`.
  static let isSanitized = ProcessInfo.processInfo.environment["VMSIEVE_SANITIZER"] != nil

  /// What `ulimit -v` is told, for so many KiB.
  static func addressSpace(_ size: Int) -> String { isSanitized ? "unlimited" : String(size) }

  static func run(_ arguments: [String], in folder: URL? = nil) throws -> ProgramRun {
    try #require(
      FileManager.default.isExecutableFile(atPath: path),
      "there is no program at \(path): run make build, or set VMSIEVE")
    return try run(path, arguments, in: folder)
  }

  /// Runs a line of bash in a folder: `$v` is the program that is tested, `$core` the vmcore.
  ///
  /// - Parameter options: what bash is told to do first.
  static func bash(
    _ line: String, core: String, options: String = "", in folder: ScratchFolder
  ) throws -> ProgramRun {
    try run("/bin/bash", ["-c", "\(options) v='\(path)'; core='\(core)'; " + line], in: folder.url)
  }

  /// Runs a program by its path, which is its `argv[0]` too.
  static func run(_ program: String, _ arguments: [String], in folder: URL? = nil) throws -> ProgramRun {
    try ProgramRun(of: program, arguments, in: folder)
  }
}
