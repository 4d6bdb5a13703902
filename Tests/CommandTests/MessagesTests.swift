import DumpFixtures
import Foundation
import Testing

@testable import Platform
@testable import vmsieve

@Suite("Messages go to their stream, if their class is wanted")
struct MessagesTests {
  /// What a body prints to each stream, as files.
  private func printed(
    _ level: MessageLevel, leavesOutputAlone: Bool = false, _ body: (Messages) -> Void
  ) throws -> (output: String, errors: String) {
    let folder = try ScratchFolder()
    let names = ["output", "errors"].map(folder.path)
    let files = names.map { open($0, O_WRONLY | O_CREAT, 0o600) }
    defer { files.forEach { close($0) } }
    body(
      Messages(
        programName: "vmsieve", level: level, leavesOutputAlone: leavesOutputAlone,
        output: StandardStream(descriptor: files[0]), errors: StandardStream(descriptor: files[1])))
    let texts = try names.map { try String(contentsOfFile: $0, encoding: .utf8) }
    return (texts[0], texts[1])
  }

  private func oneOfEach(_ messages: Messages) {
    messages.common("common")
    messages.error("error")
    messages.debug("debug")
    messages.report("report")
    messages.drawProgress("progress", isLast: true)
  }

  @Test("Each bit of the level is one class", arguments: 0...31)
  func classes(bits: UInt8) throws {
    let level = MessageLevel(rawValue: bits)
    let texts = try printed(level, oneOfEach)
    let output = [(MessageLevel.common, "common"), (.debug, "debug"), (.report, "report")]
    let errors = [(MessageLevel.error, "vmsieve: error"), (.progress, "progress")]
    #expect(texts.output == output.filter { level.contains($0.0) }.map { $0.1 + "\n" }.joined())
    #expect(texts.errors == errors.filter { level.contains($0.0) }.map { $0.1 + "\n" }.joined())
  }

  @Test("Where stdout carries a dump, nothing is printed there")
  func outputLeftAlone() throws {
    let texts = try printed(MessageLevel(rawValue: 31), leavesOutputAlone: true) { messages in
      oneOfEach(messages)
      messages.answer(["answer"])
    }
    #expect(texts.output == "")
    #expect(texts.errors == "common\nvmsieve: error\ndebug\nreport\nprogress\nanswer\n")
  }

  @Test("The answer to a question is printed at every level")
  func answers() throws {
    #expect(try printed([]) { $0.answer(["answer"]) }.output == "answer\n")
  }

  @Test("A message that is not wanted is not even composed")
  func lazyMessages() throws {
    func compose() -> String {
      Issue.record("composed")
      return ""
    }
    let texts = try printed([.progress]) { messages in
      messages.common(compose())
      messages.error(compose())
      messages.debug(compose())
      messages.report(compose())
    }
    #expect(texts == ("", ""))
  }

  @Test("In a log a short step is one line that says 100.0 %, and its duration a report")
  func stepInLog() throws {
    let texts = try printed([.progress, .report]) { messages in
      let progress = Progress(messages)
      progress.begin(.unnecessaryPages)
      for page in 0..<100_000 { progress.update(done: UInt64(page), total: 100_000) }
      progress.end()
    }
    let name = "Excluding unnecessary pages" + String(repeating: " ", count: 23)
    #expect(texts.errors == "\(name): [100.0 %] /  " + String(repeating: " ", count: 16) + "\n")
    let report = /STEP \[Excluding unnecessary pages\] : \d+\.\d{6} seconds\n/
    #expect(texts.output.wholeMatch(of: report) != nil, "\(texts.output)")
  }

  @Test("Without the progress class a step draws nothing")
  func stepWithoutProgress() throws {
    let texts = try printed([.common, .error]) { messages in
      let progress = Progress(messages)
      progress.begin(.copyingData)
      progress.update(done: 1, total: 2)
      progress.end()
    }
    #expect(texts == ("", ""))
  }
}
