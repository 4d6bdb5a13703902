internal import Diskdump
internal import DumpMemory
internal import KernelModel
internal import Platform

/// The answer of `verify`.
struct VerifyReport {
  /// What came of a comparison with a manifest.
  struct Sums {
    let path: String
    let equal: UInt64
    let different: UInt64
    let firstDifferent: [PFN]
    let onlyInDump: UInt64
    let onlyInManifest: UInt64
    let zerosOnlyInManifest: UInt64
    /// Pages that were lost of the dump that the manifest is of.
    let lostBefore: UInt64

    init(_ path: String, comparison: borrowing PageSumComparison) {
      self.path = path
      equal = comparison.equal
      different = comparison.different
      firstDifferent = comparison.firstDifferent
      onlyInDump = comparison.onlyInDump
      onlyInManifest = comparison.onlyInManifest
      zerosOnlyInManifest = comparison.zerosOnlyInManifest
      lostBefore = comparison.totals?.lostPages ?? 0
    }

    /// Whether no page says that it is another dump, or a changed one.
    var isRight: Bool { different == 0 && (equal > 0 || onlyInDump == 0 || onlyInManifest == 0) }

    var isSame: Bool { different == 0 && onlyInDump == 0 && onlyInManifest == 0 }
  }

  private let path: String
  private let format: String
  private let isComplete: Bool
  private var warnings: [String]
  /// What is wrong beside pages.
  private var problems: [String]
  private let sharesZeroPages: Bool
  private var survey: DescriptorSurvey?
  var pages = PageCheck()
  var processors: CrashedProcessors?
  var sums: Sums?
  /// The manifest that was written.
  var written: (path: String, totals: PageSums.Totals)?

  init(_ memory: PhysicalMemory) {
    path = memory.path
    isComplete = memory.isComplete
    warnings = memory.warnings + memory.noteRemarks()
    problems = memory.noteProblems()
    format = memory.formatDescription
    sharesZeroPages = memory.origin?.dumpLevel.contains(.zeroPages) ?? false
  }

  /// Adds what the descriptors of a file say.
  mutating func add(_ other: DescriptorSurvey, problems: [String], of part: String) {
    survey = survey.map { $0.adding(other) } ?? other
    self.problems += problems.map { part == path ? $0 : "\(part): \($0)" }
  }

  var isSound: Bool { isComplete && pages.isSound && problems.isEmpty && sums?.isRight ?? true }

  /// Whether nothing is wrong but that pages could not be read.
  var mayPass: Bool {
    pages.unreadable > 0 && pages.unreadable == pages.failed && isComplete && problems.isEmpty
      && sums?.isRight ?? true
  }

  var lines: [String] {
    var lines = ["\(path): \(format)"]
    for (name, count) in counts { lines.append(Self.padded(name) + String(count)) }
    for warning in warnings + contentWarnings { lines.append("warning: \(warning)") }
    if let processors { lines += [processors.silence, processors.absence].compactMap { $0 } }
    for problem in problems { lines.append("wrong: \(problem)") }
    for (pfn, reason) in pages.failures { lines.append("\(pfn): \(reason)") }
    if pages.failed > UInt64(pages.failures.count) {
      lines.append("and \(pages.failed - UInt64(pages.failures.count)) more")
    }
    if let sums { lines += sums.lines }
    if let written {
      lines.append("the sums of \(written.totals.pages) pages are saved to \(written.path)")
      lines.append("all of them have the sum \(written.totals.digestText)")
    }
    lines.append(verdict)
    return lines
  }

  private var verdict: String {
    if pages.isSound, isComplete, problems.isEmpty {
      guard let sums, !sums.isRight else { return "\(path) is sound: every page can be read" }
      return sums.different > 0
        ? "\(path) is another one than when \(sums.path) was made: \(sums.different) pages have changed"
        : "\(path) has no page that \(sums.path) has: they are of two dumps"
    }
    if pages.isSound, isComplete { return "\(path) is damaged, though every page can be read" }
    if pages.isSound {
      return
        "\(path) is incomplete: pages are not in it that should be; all \(pages.pages) that are can be read"
    }
    return
      "\(path) is \(isComplete ? "damaged" : "incomplete"): \(pages.failed) of \(pages.pages) pages cannot be read"
  }

  /// Writers give no room to a page of zeros where all share one: what is zeros there may have been lost.
  private var contentWarnings: [String] {
    guard sharesZeroPages, let survey, pages.zeroPages > survey.sharedZeros else { return [] }
    let count = pages.zeroPages - survey.sharedZeros
    return ["\(count) pages of zeros do not share the one for them: their bytes may have been lost"]
  }

  private static func padded(_ name: String) -> String {
    "  " + name + ":" + String(repeating: " ", count: max(14 - name.utf8.count, 1))
  }

  private var counts: [(String, UInt64)] {
    var counts: [(String, UInt64)] = [("pages", pages.pages)]
    if let survey {
      counts += [
        ("raw", survey.raw), ("zlib", survey.zlib), ("lzo", survey.lzo), ("snappy", survey.snappy),
        ("zstd", survey.zstd), ("shared zeros", survey.sharedZeros),
      ]
    }
    return counts + [
      ("missing", pages.missing), ("damaged", pages.damaged), ("unreadable", pages.unreadable),
    ]
  }

  var json: JSONObject {
    var object = JSONObject()
    object.add("dump", path)
    object.add("format", format)
    object.add("sound", isSound)
    object.add("complete", isComplete)
    for (name, count) in counts { object.add(name.split(separator: " ").joined(separator: "_"), count) }
    object.add("processors", processors?.json)
    object.add("warnings", warnings + contentWarnings)
    object.add("problems", problems)
    object.add(
      "failures",
      pages.failures.map { pfn, reason in
        var failure = JSONObject()
        failure.add("pfn", pfn.rawValue)
        failure.add("reason", reason.description)
        return failure
      })
    object.add("sums", sums?.json)
    object.add("sum", written?.totals.digestText)
    return object
  }
}

extension VerifyReport.Sums {
  /// The comparison in words.
  fileprivate var lines: [String] {
    if isSame { return ["all \(equal) pages are those of \(path)"] }
    var lines = ["\(equal) pages are those of \(path), \(different) are not"]
    if onlyInManifest > 0 {
      lines.append(
        "\(onlyInManifest) pages of \(path) are not in the dump, as when they were left out; \(zerosOnlyInManifest) of them are zeros"
      )
    }
    if onlyInDump > 0 { lines.append("\(onlyInDump) pages of the dump are not in \(path)") }
    if lostBefore > 0 { lines.append("the dump that \(path) is of lacked \(lostBefore) pages") }
    for pfn in firstDifferent { lines.append("\(pfn) has changed") }
    if different > UInt64(firstDifferent.count) {
      lines.append("and \(different - UInt64(firstDifferent.count)) more")
    }
    return lines
  }

  fileprivate var json: JSONObject {
    var object = JSONObject()
    object.add("equal", equal)
    object.add("different", different)
    object.add("only_in_dump", onlyInDump)
    object.add("only_in_sums", onlyInManifest)
    object.add("zeros_only_in_sums", zerosOnlyInManifest)
    object.add("changed", list: firstDifferent.map { String($0.rawValue) })
    return object
  }
}
