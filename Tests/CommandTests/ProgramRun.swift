import Foundation
import Testing

/// What a program that was run to its end left behind.
struct ProgramRun: Equatable {
  var status: Int32
  var output: String
  var errors: String
}

/// Runs programs without a shell between, with nothing on their standard input.
enum ProgramUnderTest {
  static let packageRoot = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The built program: the environment variable VMSIEVE, or `build/vmsieve` as `make build` leaves it.
  static let path =
    ProcessInfo.processInfo.environment["VMSIEVE"] ?? packageRoot.appending(path: "build/vmsieve").path

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
    let scratch = try ScratchFolder()
    let output = scratch.url.appending(path: "stdout").path
    let errors = scratch.url.appending(path: "stderr").path

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

    // Spawning into another folder needs a newer interface than Glibc's module shows.
    let line = (folder.map { ["/usr/bin/env", "-C", $0.path] } ?? []) + [program] + arguments
    var words = line.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process = pid_t()
    let code = posix_spawn(&process, line[0], &actions, nil, &words, environ)
    try #require(code == 0, "posix_spawn of \(program): \(String(cString: strerror(code)))")
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7f
    try #require(signal == 0, "\(program) \(arguments) died of signal \(signal)")
    return ProgramRun(
      status: (status >> 8) & 0xff,
      output: String(decoding: try Data(contentsOf: URL(filePath: output)), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: URL(filePath: errors)), as: UTF8.self))
  }
}
