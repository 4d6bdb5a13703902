import DumpFixtures
import Testing

extension ProgramRun {
  /// Runs a program; one that takes longer than the time limit is ended, and fails.
  ///
  /// - Parameters:
  ///   - input: what it reads from its standard input; nothing by default.
  ///   - seconds: the time limit.
  static func of(
    _ program: String, _ arguments: [String], input: String = "", within seconds: Int = 300,
    environment: [String: String] = [:]
  ) throws -> ProgramRun {
    try ProgramRun(of: program, arguments, input: input, within: seconds, environment: environment)
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
