internal import Platform

/// What the end of a kernel's log tells: why it crashed, and its last lines.
public struct LogSummary: Sendable {
  public let cause: CrashCause
  /// The last lines, oldest first, with their times, printable.
  public let lastLines: [String]
  /// Lines of all of the log.
  public let lineCount: Int
  /// Nanoseconds since boot of the last line; nil where it has no time.
  public let lastTime: UInt64?
  /// Why some of it is missing; nil where nothing is.
  public let problem: String?

  private static let panic = "Kernel panic - not syncing: "
  /// A report of an oops has its headline within so many lines before the line that begins with `Oops:`.
  private static let reportLines = 8

  /// Reads all of the log, and keeps little of it.
  ///
  /// - Parameter count: how many of the last lines to keep.
  public init(_ kernel: Kernel, keeping count: Int) throws(KernelError) {
    var log = try KernelLog(kernel, sinceClear: false)
    var text: [UInt8] = []
    var scan = Scan(count)
    var failure: KernelError?
    while true {
      do throws(KernelError) { if try !log.appendNext(to: &text) { break } } catch {
        failure = error
        break
      }
      scan.take(from: &text, isEnd: false)
    }
    scan.take(from: &text, isEnd: true)
    if scan.lineCount == 0, let failure { throw failure }
    cause = scan.cause
    lastLines = scan.lines
    lineCount = scan.lineCount
    lastTime = scan.lastTime
    let losses = log.losses
    problem =
      failure.map { "\($0)" } ?? losses.first.map { "\(losses.count) messages are damaged, the first: \($0)" }
      ?? losses.remark
  }

  /// A line as `[ seconds.micros]`, perhaps who printed it, and what it says.
  static func split(_ line: String) -> (time: UInt64?, text: Substring) {
    var line = line[...]
    // Before Linux 3.5 each line has its level.
    if line.first == "<", let end = line.firstIndex(of: ">"), line[..<end].dropFirst().allSatisfy(\.isNumber)
    {
      line = line[line.index(after: end)...]
    }
    guard line.first == "[", let end = line.firstIndex(of: "]") else { return (nil, line) }
    let digits = line[line.index(after: line.startIndex)..<end].drop { $0 == " " }
    let parts = digits.split(separator: ".")
    guard parts.count == 2, let seconds = UInt64(parts[0]), let micros = UInt64(parts[1]), seconds < 1 << 33,
      parts[1].utf8.count == 6
    else { return (nil, line) }
    var text = line[line.index(after: end)...].drop { $0 == " " }
    // [    T123] with CONFIG_PRINTK_CALLER.
    if text.first == "[", let close = text.firstIndex(of: "]"),
      let kind = text[..<close].dropFirst().drop(while: { $0 == " " }).first, kind == "T" || kind == "C",
      text[..<close].dropFirst().drop(while: { $0 == " " }).dropFirst().allSatisfy(\.isNumber)
    {
      text = text[text.index(after: close)...].drop { $0 == " " }
    }
    return (seconds * 1_000_000_000 + micros * 1000, text)
  }

  /// Goes through the lines once.
  private struct Scan {
    private(set) var lines: [String] = []
    private(set) var lineCount = 0
    private(set) var lastTime: UInt64?
    private let count: Int
    private var panic: String?
    private var finding: (kind: CrashCause.Kind, text: String, line: Int)?

    init(_ count: Int) {
      self.count = count
    }

    /// Takes whole lines out of the text.
    mutating func take(from text: inout [UInt8], isEnd: Bool) {
      var start = 0
      while let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) {
        take(text[start..<end])
        start = end + 1
      }
      if isEnd, start < text.count {
        take(text[start...])
        start = text.count
      }
      text.removeFirst(start)
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
      lineCount += 1
      let line = String(printable: bytes.map { $0 == UInt8(ascii: "\t") ? UInt8(ascii: " ") : $0 })
      if count > 0 {
        if lines.count == count { lines.removeFirst() }
        lines.append(line)
      }
      let (time, text) = LogSummary.split(line)
      lastTime = time ?? lastTime
      if text.hasPrefix(LogSummary.panic) {
        panic = String(text.dropFirst(LogSummary.panic.utf8.count))
        return
      }
      // Every letter of what is looked for is ASCII; most lines begin with none of these.
      guard let first = text.first, "sSbBkKgGiIoOdDtTpPwWnNrRmMuU".contains(first) else { return }
      let lower = text.prefix(80).lowercased()
      guard let found = CrashCause.findings.first(where: { lower.hasPrefix($0.words) }) else { return }
      if found.kind == .oops, let finding, lineCount - finding.line <= LogSummary.reportLines { return }
      // `invalid opcode` is how a processor says BUG.
      if found.kind == .invalidOpcode, let finding, finding.kind == .bug,
        lineCount - finding.line <= LogSummary.reportLines
      {
        return
      }
      if found.kind == .hardLockup, !lower.holds("hard lockup") { return }
      finding = (found.kind, String(text), lineCount)
    }

    var cause: CrashCause {
      guard let panic else {
        return CrashCause(kind: finding?.kind ?? .unknown, panic: nil, finding: finding?.text)
      }
      let lower = panic.lowercased()
      var kind = CrashCause.panics.first { lower.holds($0.words) }?.kind
      if kind == nil, lower.hasPrefix("fatal exception") || lower.hasPrefix("fatal hardware") {
        kind = finding?.kind ?? .oops
      }
      // Other panics have their reason in themselves; what was found long before them is another matter.
      return CrashCause(kind: kind ?? .panic, panic: panic, finding: finding?.text)
    }
  }
}

extension String {
  /// Whether some words are in it. The standard library's own way to ask brings its regular expressions along: 1.8 MB.
  fileprivate func holds(_ words: String) -> Bool {
    let (text, words) = (Array(utf8), Array(words.utf8))
    guard text.count >= words.count else { return false }
    return (0...text.count - words.count).contains { text[$0...].starts(with: words) }
  }
}
