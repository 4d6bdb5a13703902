import DumpFixtures
import Foundation
import Testing

@Suite("What is installed beside the program fits it")
struct IntegrationTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private func bash(_ script: String) throws -> ProgramRun {
    try ProgramUnderTest.run("/bin/bash", ["-c", script])
  }

  /// What bash would offer for the last word.
  private func completions(_ words: [String]) throws -> [String] {
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let run = try bash(
      """
      . '\(Self.root.path)/completions/vmsieve'; COMP_WORDS=(vmsieve \(quoted)); COMP_CWORD=\(words.count)
      _vmsieve '\(ProgramUnderTest.path)' '\(words.last ?? "")' "${COMP_WORDS[COMP_CWORD-1]}"
      printf '%s\\n' "${COMPREPLY[@]}"
      """)
    return run.output.split(separator: "\n").map(String.init)
  }

  @Test("bash completes options, verbs and values")
  func completion() throws {
    #expect(try completions(["--num"]) == ["--num-threads"])
    #expect(try completions(["ver"]) == ["verify"])
    #expect(try completions(["--sme", ""]) == ["auto", "off", "require"])
    let options = try completions(["-"])
    for option in ["-d", "-F", "--message-level", "--dump-dmesg", "--check-params", "--sme-key"] {
      #expect(options.contains(option))
    }
    #expect(try completions(["verify", "--check"]) == ["--check-sum"])
    #expect(try completions(["-l", "vm"]) == [])
  }

  @Test(
    "The collector's line of each kdump.conf is a good one, and streams where kdump pipes",
    arguments: ["fs", "ssh", "raw"])
  func kdumpConfiguration(target: String) throws {
    let path = Self.root.appending(path: "integration/kdump.conf.\(target)").path
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    let line = try #require(lines.first { $0.hasPrefix("core_collector ") })
    let words = line.split(separator: " ").dropFirst(2).map(String.init)
    let operands = target == "fs" ? ["vmcore", "dump"] : ["vmcore"]
    #expect(words.contains("-F") == (target != "fs"))
    #expect(try ProgramUnderTest.run(["--check-params"] + words + operands).status == 0)
  }

  @Test("kdump-tools' arguments begin with -F and are good")
  func kdumpTools() throws {
    let run = try bash(". '\(Self.root.path)/integration/kdump-tools'; echo \"$MAKEDUMP_ARGS\"")
    let words = run.output.split(whereSeparator: \.isWhitespace).map(String.init)
    #expect(words.first == "-F")
    #expect(try ProgramUnderTest.run(["--check-params"] + words + ["vmcore"]).status == 0)
  }
}
