internal import Diskdump
internal import Vmcore

/// The answer of `verify`.
struct VerifyReport {
  private let path: String
  private let format: String
  private let isComplete: Bool
  private let warnings: [String]
  private let pages: PageCheck
  private let survey: DescriptorSurvey?

  init(_ memory: PhysicalMemory, _ pages: PageCheck, _ survey: DescriptorSurvey?) {
    path = memory.path
    isComplete = memory.isComplete
    warnings = memory.warnings
    self.pages = pages
    self.survey = survey
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

  /// One object on one line.
  var json: String {
    var members = ["\"dump\":\(Self.quoted(path))", "\"format\":\(Self.quoted(format))"]
    members.append("\"sound\":\(isSound)")
    members.append("\"complete\":\(isComplete)")
    for (name, count) in counts {
      members.append("\"\(name.split(separator: " ").joined(separator: "_"))\":\(count)")
    }
    members.append("\"warnings\":[" + warnings.map { Self.quoted($0) }.joined(separator: ",") + "]")
    let failures = pages.failures.map { pfn, reason in
      "{\"pfn\":\(pfn.rawValue),\"reason\":\(Self.quoted(reason.description))}"
    }
    members.append("\"failures\":[" + failures.joined(separator: ",") + "]")
    return "{" + members.joined(separator: ",") + "}"
  }

  /// A JSON string (RFC 8259).
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
