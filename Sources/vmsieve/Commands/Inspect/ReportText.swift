internal import DumpMemory
internal import Platform

/// The lines that `inspect` and `--report` have in common.
enum ReportText {
  /// A title and what belongs to it, in two columns.
  static func titled(_ name: String, text: String) -> String {
    let title = "  \(name):"
    return text.isEmpty ? title : title + String(repeating: " ", count: max(15 - title.utf8.count, 1)) + text
  }

  /// What a crashed kernel tells, whole.
  static func of(_ crash: CrashSummary, release: String, memory: PhysicalMemory) -> String {
    var lines = ["\(memory.path): \(Program.versionLine(calledAs: Program.name))"]
    lines.append(titled("kernel", text: release.printable))
    lines += crash.headLines.map { titled($0.title, text: $0.text) }
    lines.append(titled("memory", text: "\(memory.frames.count) pages"))
    return (lines + crash.blocks).joined(separator: "\n") + "\n"
  }
}
