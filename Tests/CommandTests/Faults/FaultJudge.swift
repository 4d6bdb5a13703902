import DumpJudge
import Foundation
import Glibc

/// Says what is wrong with the end of a run, by what SECURITY.md promises: a right dump, or one clear line and nothing that
/// looks whole.
struct FaultJudge {
  let bench: FaultBench
  let fault: Fault?
  let run: FaultedRun

  /// What an output is worth to a reader.
  private enum Worth: String, Equatable, CustomStringConvertible {
    case absent
    /// No reader takes it.
    case useless
    /// It says itself that it is incomplete.
    case incomplete
    case whole

    var description: String { rawValue }
  }

  /// nil if all is well.
  func breach() throws -> String? {
    if run.isHung { return "it hangs" }
    if let breach = try breachOfFiles() { return breach }
    if let signal = run.signal {
      // What was sent may end it.
      if case .signal(signal, _) = fault?.effect { return nil }
      return "signal \(signal) ends it"
    }
    return breachOfWords()
  }

  // MARK: - What is said

  /// Without those of progress.
  private var lines: [Substring] { run.messages }

  private func breachOfWords() -> String? {
    if let stray = lines.first(where: { !$0.hasPrefix("vmsieve: ") }) { return "a stray line: \(stray)" }
    if lines.count > 6 { return "\(lines.count) lines" }
    // Whoever takes its stderr away hears nothing.
    if fault?.call == .message { return nil }
    let failures = lines.filter { !$0.hasPrefix("vmsieve: warning: ") }
    switch run.status {
    case 0:
      return failures.first.map { "exit status 0, and a failure is named: \($0)" }
    case 4:
      return lines.isEmpty ? "exit status 4 without a word" : nil
    case 1 where isAnswer && fault?.effect == .error(EPIPE, "EPIPE"):
      // Who reads no further than he likes has seen enough.
      return nil
    case 1 where isAnswer && lines.isEmpty, 75 where isAnswer && lines.isEmpty:
      // The answer itself says that a dump is not sound.
      return bench.size("out") > 0 ? nil : "exit status 1 without a word"
    case 75 where failures.isEmpty && !lines.isEmpty:
      // Done but for pages that could not be read, which may be readable another time: what was made says that it lacks them.
      return nil
    case 1, 2, 3, 75:
      return failures.count == 1 ? nil : "exit status \(run.ending) with \(failures.count) lines of failure"
    default:
      return "\(run.ending)"
    }
  }

  // MARK: - What is there

  private func breachOfFiles() throws -> String? {
    for name in bench.scenario.outputs where !mayLeavePartial {
      if let left = bench.partials(of: name).first { return "\(left) is left" }
    }
    if case .dumps(let names) = bench.scenario.product, names.count > 1 { return try breachOfSplit(names) }
    var worths: [Worth] = []
    for name in bench.scenario.outputs {
      let (worth, breach) = try examine(name)
      if let breach { return "\(name): \(breach)" }
      worths.append(worth)
    }
    switch bench.scenario.product {
    case .text, .answer, .besides: if run.status != 0 { return nil }
    case .dumps, .core, .stream, .replacement: break
    }
    if run.status == 0 { return worths.allSatisfy { $0 == .whole } ? nil : "exit status 0, and \(worths)" }
    if run.signal != nil { return nil }
    if run.status == 4 { return worths.contains(.incomplete) ? nil : "exit status 4, and \(worths)" }
    if worths.allSatisfy({ $0 == .whole }), !isDoneAndSaid { return "\(run.ending), and it looks whole" }
    if !isStream, worths.contains(.useless) { return "\(run.ending), and a file that is of no use is left" }
    if run.errors.contains("is marked incomplete: what"), worths != [.incomplete] {
      return "said to be marked incomplete, and \(worths)"
    }
    if run.errors.contains("no page was written"), worths != [.absent] {
      return "said to be empty, and \(worths)"
    }
    return nil
  }

  private var isAnswer: Bool {
    switch bench.scenario.product {
    case .answer, .besides: true
    default: false
    }
  }

  private var isStream: Bool { bench.scenario.product == .stream }

  /// A stream cannot be taken back once its end was sent; that is said.
  private var isDoneAndSaid: Bool { isStream && run.errors.contains("the stream is whole") }

  /// A signal cannot be cleaned up after, nor can what cannot be removed.
  private var mayLeavePartial: Bool { run.signal != nil || fault?.call == .named("unlink") }

  /// What an output is worth, and which rule it breaks.
  private func examine(_ name: String) throws -> (Worth, breach: String?) {
    guard bench.exists(name), !bench.isUntouched(name) else { return (.absent, nil) }
    if bench.isReference(name) { return (.whole, nil) }
    switch bench.scenario.product {
    case .dumps: return examineDump(name)
    case .core: return examineCore(name)
    case .stream: return try examineStream(name)
    case .replacement where run.status == 4 || run.status == 75: return examineDump(name)
    case .replacement: return (.useless, "it is there, and not what it should be")
    case .besides:
      // A manifest counts the pages that could not be read; the answer says so.
      if saysInTheAnswer(name) || run.status == 1 || run.status == 75 { return (.whole, nil) }
      return (.useless, "it is there, and not what it should be")
    case .text, .answer:
      if saysInTheAnswer(name) { return (.whole, nil) }
      return (.useless, run.status == 0 ? "exit status 0, and it is another" : breachOfPrefix(name))
    }
  }

  /// Whether an answer of `inspect` has another part than it should, and says why.
  private func saysInTheAnswer(_ name: String) -> Bool {
    guard bench.scenario.arguments[0] == "inspect", case .error(let error, _) = fault?.effect,
      let text = try? String(contentsOf: bench.folder.url(name), encoding: .utf8)
    else { return false }
    return text.contains(String(cString: strerror(error)))
  }

  /// What is there of a text or an answer that was not finished is its beginning.
  private func breachOfPrefix(_ name: String) -> String? {
    guard let bytes = try? Data(contentsOf: bench.folder.url(name)), let whole = bench.references[name] else {
      return nil
    }
    // What was found out may be told otherwise, where it is said that something could not be read.
    return whole.starts(with: bytes) || !run.errors.isEmpty || run.signal != nil ? nil : "it is another"
  }

  /// The reference of a dump is called as it is, behind `reference-`.
  private func examineDump(_ name: String) -> (Worth, breach: String?) {
    guard let dump = try? KdumpDump(bench.folder.path(name)) else { return (.useless, nil) }
    let reference = try? KdumpDump(bench.folder.path("reference-\(name)"))
    let verdict = judge(dump: dump, vmcore: bench.truth, reference: reference)
    // A stream has sent its bitmap when a page turns out to be lost: its descriptor is then of no bytes.
    let isSaidLost = isStream && dump.header.isIncomplete && run.errors.contains("could not be read")
    if !verdict.wrong.isEmpty || !verdict.unreadable.isEmpty && !isSaidLost {
      return (.incomplete, "\(verdict)")
    }
    if dump.header.isIncomplete { return (.incomplete, nil) }
    if !verdict.cut.isEmpty || !verdict.missing.isEmpty || !verdict.breaches.isEmpty {
      return (.whole, "looks whole: \(verdict)")
    }
    if !verdict.extra.isEmpty, !run.errors.contains("warning: ") { return (.whole, "unsaid: \(verdict)") }
    return (.whole, nil)
  }

  private func examineCore(_ name: String) -> (Worth, breach: String?) {
    guard bench.size(name) >= 64, let core = try? ELFVmcore(bench.folder.path(name)),
      let reference = try? ELFVmcore(bench.folder.path("reference-\(name)")),
      let bytes = try? Data(contentsOf: bench.folder.url(name), options: .alwaysMapped)
    else { return (.useless, nil) }
    func same(_ page: UnsafeRawBufferPointer?, _ other: UnsafeRawBufferPointer) -> Bool {
      page.map { memcmp($0.baseAddress!, other.baseAddress!, 4096) == 0 } ?? false
    }
    for segment in core.segments {
      let first = segment.physicalAddress / 4096
      for pfn in first..<first + segment.fileSize / 4096 {
        guard let page = core.content(pfn) else { continue }
        // Pages that are left out read as zeros.
        if !same(reference.content(pfn), page), !same(bench.truth.content(pfn), page) {
          return (.incomplete, "page \(pfn) is wrong")
        }
      }
    }
    // e_flags, as the manual has it.
    if bytes[48] & 1 == 1 { return (.incomplete, nil) }
    return (.whole, run.errors.contains("warning: ") ? nil : "it is another, and nothing is said")
  }

  /// Files of a split dump are judged by the dump that is made of them.
  private func breachOfSplit(_ names: [String]) throws -> String? {
    let isSaidToFail = run.status == 1
    if names.allSatisfy({ bench.isReference($0) }) {
      return isSaidToFail ? "\(run.ending), and all files look whole" : nil
    }
    let dumps = names.filter { (try? KdumpDump(bench.folder.path($0))) != nil }
    if isSaidToFail, let useless = names.first(where: { bench.exists($0) && !dumps.contains($0) }) {
      return "\(useless), which is of no use, is left"
    }
    guard dumps == names else { return run.status == 0 ? "exit status 0, and only \(dumps)" : nil }
    let made = "rearranged-out"
    let back = try ProgramUnderTest.bash(
      "rm -f \(made); $v --message-level 4 --reassemble \(names.joined(separator: " ")) \(made)",
      core: "core",
      in: bench.folder)
    guard back.status == 0 || back.status == 4 else {
      return run.status == 0 ? "exit status 0: \(back)" : nil
    }
    let (worth, breach) = examineDump(made)
    if let breach { return breach }
    if run.signal != nil { return nil }
    return (worth == .whole) == isSaidToFail
      ? "\(run.ending), and what is made of the files is \(worth)" : nil
  }

  /// A stream that has no end record is cut; of one that has, a dump is made.
  private func examineStream(_ name: String) throws -> (Worth, breach: String?) {
    let made = "rearranged-\(name)"
    let back = try ProgramUnderTest.bash(
      "rm -f \(made); $v --message-level 4 -R \(made) < \(name)", core: "core", in: bench.folder)
    guard back.status == 0 || back.status == 4 else { return (.useless, nil) }
    guard bench.scenario.arguments.contains("-E") else { return examineDump(made) }
    // Records may be others, and make the same core.
    let isSame = FileManager.default.contentsEqual(
      atPath: bench.folder.path(made), andPath: bench.folder.path("reference-\(made)"))
    return isSame ? (.whole, nil) : examineCore(made)
  }
}
