internal import DumpMemory
internal import KernelModel
internal import MemoryEncryption
internal import Platform

extension InspectReport {
  /// The runs of the C-bit map that are shown; JSON has all of them.
  private static let mostRuns = 16

  var lines: [String] {
    var lines = ["\(vmcore.memory.path): \(format)"]
    lines.append(ReportText.titled("kernel", text: vmcore.kernel?.release.printable ?? "unknown"))
    if let crash { lines += crash.headLines.map { ReportText.titled($0.title, text: $0.text) } }
    lines.append(ReportText.titled("memory", text: "\(vmcore.memory.frames.count) pages"))
    if let processors { lines.append(ReportText.titled("processors", text: processors.sentence)) }
    if let crash { lines += crash.blocks }
    lines += forecast.blocks
    lines.append("")
    if investigation != nil { lines.append("Memory encryption") }
    lines += encryptionLines
    lines.append("\(vmcore.memory.path): \(sentence)")
    return lines
  }

  /// What is known of memory encryption, and why.
  var encryptionLines: [String] {
    var lines: [String] = []
    if let investigation {
      let state = investigation.state
      lines.append(ReportText.titled("encryption", text: "\(state.kind.rawValue), \(state.evidence)"))
      if let low = investigation.low {
        let end = low.source.rawValue + low.byteCount - 1
        lines.append(
          ReportText.titled(
            "low memory", text: Self.range(low.source.rawValue, last: end) + ", \(low.byteCount) bytes"))
      }
      if !investigation.candidates.isEmpty {
        lines.append(ReportText.titled("backup", text: "may lie at"))
        for candidate in investigation.candidates {
          lines.append(
            "    \(candidate.address) (\(candidate.certainty.rawValue)): \(candidate.evidence)")
        }
      }
      if let plan = investigation.plan { lines += Self.lines(of: plan) }
      if !investigation.evidence.isEmpty {
        lines.append(ReportText.titled("evidence", text: ""))
        lines += investigation.evidence.map { "    \($0)" }
      }
    }
    if let map { lines += Self.lines(of: map) }
    return lines
  }

  private static func range(_ start: UInt64, last: UInt64) -> String {
    String(hexadecimal: start) + "-" + String(hexadecimal: last)
  }

  private static func lines(of plan: RepairPlan) -> [String] {
    var lines = [ReportText.titled("verdict", text: "\(plan.verdict.rawValue): \(plan.verdict.sentence)")]
    lines.append(
      ReportText.titled("pages", text: "\(plan.repairedPages) repaired of \(plan.actions.count)")
        + LeaveReason.allCases.filter { plan.pages(left: $0) > 0 }
        .map { ", \(plan.pages(left: $0)) \($0.rawValue)" }.joined())
    if let backup = plan.backup {
      lines.append(ReportText.titled("backup", text: "at \(backup.address): \(backup.evidence)"))
    }
    if !plan.classes.isEmpty {
      lines.append(ReportText.titled("classes", text: "pages that share one constant"))
    }
    for found in plan.classes {
      lines.append(
        "    l ^ r = " + String(hexadecimal: found.difference) + ", \(found.pages.count) pages, "
          + (found.constant.map { "constant \($0)" } ?? "no constant") + ", " + found.judgement)
    }
    return lines
  }

  private static func lines(of map: EncryptionMap) -> [String] {
    func part(_ attribute: PageAttribute, _ words: String) -> String {
      let (pages, runs) = map.count(attribute)
      return "\(pages) pages \(words) (\(runs) runs)"
    }
    var lines = [
      ReportText.titled(
        "C-bit map",
        text: part(.encrypted, "encrypted") + ", " + part(.decrypted, "decrypted") + ", "
          + part(.unknown, "not mapped"))
    ]
    let others = map.runs.filter { $0.attribute != .encrypted }
    for run in others.prefix(mostRuns) {
      let addresses = map.addresses(of: run)
      lines.append(
        "    " + range(addresses.lowerBound, last: addresses.upperBound - 1)
          + (run.attribute == .decrypted ? " decrypted" : " not mapped"))
    }
    if others.count > mostRuns {
      lines.append("    and \(others.count - mostRuns) runs more: --json has all")
    }
    return lines
  }
}
