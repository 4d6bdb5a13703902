import Foundation
import Testing

/// What a program that was run to its end left behind.
struct ProgramRun {
  var status: Int32
  var output: String
  var errors: String

  /// Runs a program; one that takes longer than the time limit is ended, and fails.
  ///
  /// - Parameters:
  ///   - input: what it reads from its standard input; nothing by default.
  ///   - seconds: the time limit.
  static func of(
    _ program: String, _ arguments: [String], input: String = "", within seconds: Int = 300,
    environment: [String: String] = [:]
  ) throws -> ProgramRun {
    let scratch = try ScratchFolder()
    for name in ["in", "out", "err"] {
      try Data(name == "in" ? Array(input.utf8) : []).write(to: scratch.url(name))
    }
    let process = Process()
    // timeout of coreutils: it ends children too, and needs no thread here.
    process.executableURL = URL(filePath: "/usr/bin/timeout")
    process.arguments = ["-k", "5", "\(seconds)", program] + arguments
    process.environment = Lab.environment.merging(environment) { $1 }
    process.standardInput = try FileHandle(forReadingFrom: scratch.url("in"))
    process.standardOutput = try FileHandle(forWritingTo: scratch.url("out"))
    process.standardError = try FileHandle(forWritingTo: scratch.url("err"))
    try process.run()
    process.waitUntilExit()
    let errors = String(decoding: try Data(contentsOf: scratch.url("err")), as: UTF8.self)
    let line = ([program] + arguments).joined(separator: " ")
    try #require(
      process.terminationReason == .exit, "\(line) died of signal \(process.terminationStatus): \(errors)")
    try #require(process.terminationStatus != 124, "\(line) did not end within \(seconds) s")
    return ProgramRun(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: scratch.url("out")), as: UTF8.self),
      errors: errors)
  }

  /// Runs a program that must succeed.
  @discardableResult
  static func succeeding(
    _ program: String, _ arguments: [String], input: String = "", within seconds: Int = 300,
    environment: [String: String] = [:]
  ) throws -> ProgramRun {
    let run = try of(program, arguments, input: input, within: seconds, environment: environment)
    try #require(
      run.status == 0,
      "\(program) \(arguments.joined(separator: " ")) ended with \(run.status):\n\(run.output)\n\(run.errors)"
    )
    return run
  }
}
