import DumpFixtures
import Foundation
import Testing

/// The crash utility.
enum Crash {
  /// Its answers by question, without the line that names the file.
  static func ask(_ questions: [String], of core: String, _ kernel: String) throws -> [String: String] {
    let scratch = try ScratchFolder()
    let numbered = questions.enumerated()
    let script = numbered.map { "\($1) > \(scratch.path("\($0)"))\n" }.joined() + "quit\n"
    let run = try ProgramRun.succeeding(
      try Lab.tool("crash"), ["-s", try Lab.vmlinux(kernel), core], input: script, within: 180)
    var answers: [String: String] = [:]
    for (number, question) in numbered {
      let text = try? String(contentsOfFile: scratch.path("\(number)"), encoding: .utf8)
      let answer = try #require(text, "crash said nothing to \(question): \(run.output)\(run.errors)")
      let lines = answer.split(separator: "\n").filter { !$0.contains("DUMPFILE:") }
      answers[question] = lines.joined(separator: "\n")
    }
    return answers
  }
}
