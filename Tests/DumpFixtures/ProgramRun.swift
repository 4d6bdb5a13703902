import Foundation

/// What a program that was run to its end left behind.
public struct ProgramRun: Equatable, Sendable {
  public var status: Int32
  public var output: String
  public var errors: String

  public init(status: Int32, output: String, errors: String) {
    self.status = status
    self.output = output
    self.errors = errors
  }

  /// Why there is nothing to look at.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Runs a program, without a shell between.
  ///
  /// - Parameters:
  ///   - input: what it reads from its standard input.
  ///   - seconds: when it is ended, which is a failure; nil for no limit.
  ///   - environment: what its environment has more than this process's.
  ///   - folder: where it runs; nil for where this process does.
  public init(
    of program: String, _ arguments: [String], input: String = "", within seconds: Int? = nil,
    environment: [String: String] = [:], in folder: URL? = nil
  ) throws {
    let scratch = try ScratchFolder()
    try scratch.write(input, to: "in")
    for name in ["out", "err"] { try scratch.write("", to: name) }
    let process = Process()
    if let seconds {
      // timeout of coreutils: it ends children too, and needs no thread here.
      process.executableURL = URL(filePath: "/usr/bin/timeout")
      process.arguments = ["-k", "5", "\(seconds)", program] + arguments
    } else {
      process.executableURL = URL(filePath: program)
      process.arguments = arguments
    }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = folder
    process.standardInput = try FileHandle(forReadingFrom: scratch.url("in"))
    process.standardOutput = try FileHandle(forWritingTo: scratch.url("out"))
    process.standardError = try FileHandle(forWritingTo: scratch.url("err"))
    try process.runHearingSignals()
    process.waitUntilExit()
    errors = String(decoding: try Data(contentsOf: scratch.url("err")), as: UTF8.self)
    output = String(decoding: try Data(contentsOf: scratch.url("out")), as: UTF8.self)
    status = process.terminationStatus
    let line = ([program] + arguments).joined(separator: " ")
    guard process.terminationReason == .exit else {
      throw Failure(description: "\(line) died of signal \(status): \(errors)")
    }
    if let seconds, status == 124 {
      throw Failure(description: "\(line) did not end within \(seconds) s")
    }
  }
}
