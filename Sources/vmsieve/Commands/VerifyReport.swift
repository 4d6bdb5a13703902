internal import Diskdump
internal import DumpMemory
internal import KernelModel
internal import Platform

/// The answer of `verify`.
struct VerifyReport {
  private let path: String
  private let format: String
  private let isComplete: Bool
  private let warnings: [String]
  private let pages: PageCheck
  private let survey: DescriptorSurvey?
  private let processors: CrashedProcessors?

  init(
    _ memory: PhysicalMemory, _ pages: PageCheck, _ survey: DescriptorSurvey?,
    _ processors: CrashedProcessors?
  ) {
    path = memory.path
    isComplete = memory.isComplete
    warnings = memory.warnings
    self.pages = pages
    self.survey = survey
    self.processors = processors
    switch memory.source {
    case .elf: format = "ELF core of \(memory.fileSize) bytes"
    case .pages(let store): format = store.formatDescription
    }
  }

  var isSound: Bool { isComplete && pages.isSound }

  var text: String {
    var lines = ["\(path): \(format)"]
    for (name, count) in counts { lines.append(Self.padded(name) + String(count)) }
    for warning in warnings { lines.append("warning: \(warning)") }
    if let processors { lines += [processors.silence, processors.absence].compactMap { $0 } }
    for (pfn, reason) in pages.failures { lines.append("\(pfn): \(reason)") }
    let failed = pages.missing + pages.damaged + pages.unreadable
    if failed > UInt64(pages.failures.count) {
      lines.append("and \(failed - UInt64(pages.failures.count)) more")
    }
    lines.append(
      isSound
        ? "\(path) is sound: every page can be read"
        : "\(path) is \(isComplete ? "damaged" : "incomplete"): \(failed) of \(pages.pages) pages cannot be read"
    )
    return lines.joined(separator: "\n")
  }

  private static func padded(_ name: String) -> String {
    "  " + name + ":" + String(repeating: " ", count: 14 - name.utf8.count)
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
    object.add("warnings", warnings)
    object.add(
      "failures",
      pages.failures.map { pfn, reason in
        var failure = JSONObject()
        failure.add("pfn", pfn.rawValue)
        failure.add("reason", reason.description)
        return failure
      })
    return object
  }
}
