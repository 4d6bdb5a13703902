import DumpFixtures
import Foundation
import Testing

/// Random command lines of what both programs support.
private struct CommandLineGenerator {
  var random: SeededGenerator

  private mutating func pick(_ choices: [String]) -> String {
    choices.randomElement(using: &random) ?? ""
  }

  private mutating func number() -> String {
    pick([
      "0", "1", "7", "31", "32", "-1", "3x", "x", "", " 5", "010", "4294967296", "99", "15,3", ",",
      "31,,1,77",
    ])
  }

  private mutating func size() -> String {
    pick(["0", "1", "4096", "0x10", "010", "", "x", "12", " 9"])
      + pick(["", "", "k", "K", "m", "G", "t", "P", "x", "kb", " "])
  }

  private mutating func words() -> [String] {
    switch Int.random(in: 0..<32, using: &random) {
    case 0...3: [pick(["-c", "-l", "-p", "-z", "-f", "-D", "-lfD", "-zc", "-fcDl"])]
    case 4...6: ["-d", number()]
    case 7: ["-d" + number()]
    case 8: [pick(["-ld", "-fzd", "-Dd"]) + number()]
    case 9: ["-L", size()]
    case 10: ["-fL" + size()]
    case 11: ["--message-level", number()]
    case 12: [pick(["--message", "--mes", "--message-level"]) + "=" + number()]
    case 13: [pick(["--num-threads", "--num", "--nu"]), pick(["0", "-3", "1", "8", "x", "200"])]
    case 14: [pick(["--non-mmap", "--non", "--no"])]
    case 15: [pick(["--dry-run", "--dr", "--dry"])]
    case 16: [pick(["--show-stats", "--sh", "--show"])]
    case 17: [pick(["-b", "--cyclic-buffer", "--cy", "--work-dir", "--w"]), number()]
    case 18:
      [pick(["--dump-dmesg", "--dump", "--du", "--partial-dmesg", "--p", "-F", "-lF", "-F", "-R", "-Rf"])]
    case 25: [pick(["-E", "-E", "-fE", "-lE", "--split", "--split", "--reassemble", "--rea"])]
    case 26: [pick(["--splitblock-size", "--splitb"]), number()]
    case 27: [pick(["/nowhere/a", "/nowhere/b"])]
    case 28: [pick(["-x", "-x", "-i", "-g"]), "/nowhere/file"]
    case 29: [pick(["--vtop", "--vt"]), number()]
    case 30: [pick(["--mem-usage", "--mem", "-e", "-X"])]
    case 31: [pick(["--config", "--con", "--xen-syms", "--xen-vmcoreinfo"]), "/nowhere/file"]
    case 19: [pick(["-v", "-h", "--help", "-lv"])]
    case 20: [pick(["--foo", "-Q", "-o", "--dry-run=1", "--m", "--n", "--d", "--sp", "-d", "--", "-"])]
    default: [pick(["/nowhere/vmcore", "/nowhere/dump", "a b", "", "x"])]
    }
  }

  /// A line with the option that makes both programs look at nothing else, at any place, mostly the first.
  mutating func next() -> [String] {
    var parts: [[String]] = []
    for _ in 0..<Int.random(in: 0...5, using: &random) { parts.append(words()) }
    // Half of the lines would else fail for their operands alone.
    if Bool.random(using: &random) {
      parts +=
        parts.contains { $0[0].contains("F") }
        ? [["/nowhere/vmcore"]] : [["/nowhere/vmcore"], ["/nowhere/dump"]]
    }
    parts.shuffle(using: &random)
    let place = Bool.random(using: &random) ? 0 : Int.random(in: 0...parts.count, using: &random)
    parts.insert([pick(["--check-params", "--check", "--ch"])], at: place)
    return parts.flatMap { $0 }
  }
}

@Suite("Both programs answer random command lines alike")
struct MakedumpfileComparisonTests {
  /// The makedumpfile to compare with: VMSIEVE_PEER, or the one in PATH.
  static let peer: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let peer = environment["VMSIEVE_PEER"], !peer.isEmpty { return peer }
    return (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/makedumpfile" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// A line that would begin the work itself: the option has become another one's value, or an operand.
  private func onlyChecks(_ words: [String]) -> Bool {
    guard let place = words.firstIndex(where: { $0.hasPrefix("--ch") }) else { return false }
    let before = words[..<place]
    return !before.contains("--") && !(before.last.map { $0.hasPrefix("-") && takesNextWord($0) } ?? false)
  }

  /// Without a vmlinux only vmsieve erases.
  private func erasesWithoutVmlinux(_ words: [String]) -> Bool {
    words.contains { $0.hasPrefix("--con") } && !words.contains("-x")
  }

  private func takesNextWord(_ word: String) -> Bool {
    if word.hasPrefix("--") { return !word.contains("=") }
    return ["d", "L", "b", "x", "i", "g"].contains(String(word.suffix(1)))
  }

  @Test(
    "The exit status and what is said on stdout are the same",
    .enabled(if: peer != nil, "SKIPPED: no makedumpfile in PATH, command lines are not compared with it"))
  func randomLines() throws {
    let peer = try #require(Self.peer)
    var generator = CommandLineGenerator(random: SeededGenerator(seed: 20_261_122))
    var compared = 0
    var accepted = 0
    while compared < 2000 {
      let words = generator.next()
      guard onlyChecks(words), !erasesWithoutVmlinux(words) else { continue }
      let ours = try ProgramUnderTest.run(words)
      let theirs = try ProgramUnderTest.run(peer, words)
      #expect(ours.status == theirs.status, "\(words)")
      // A flattened dump has stdout for itself.
      if theirs.output.isEmpty, !theirs.errors.contains("enabled"), !theirs.errors.contains("LZO") {
        let errors = ours.errors.replacingOccurrences(of: ProgramUnderTest.path, with: peer)
        #expect(errors.replacingOccurrences(of: "vmsieve", with: "makedumpfile") == theirs.errors, "\(words)")
      }
      // The texts of help and version are each program's own.
      if !theirs.output.contains("enabled") {
        // Without any operand makedumpfile asks for room for -1 files.
        let said = theirs.output.replacingOccurrences(
          of: "Can't allocate memory for splitting_info.\n", with: "")
        #expect(ours.output == said.replacingOccurrences(of: "makedumpfile", with: "vmsieve"), "\(words)")
      }
      compared += 1
      if ours.status == 0 { accepted += 1 }
    }
    #expect(
      accepted > 300 && accepted < 1600, "\(accepted) of \(compared) lines are good: the lines tell little")
  }
}
