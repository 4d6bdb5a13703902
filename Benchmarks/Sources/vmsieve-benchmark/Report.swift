import Foundation

/// The report, line by line: on the terminal at once, and in a file if one is named.
final class Report {
  private let file: FileHandle?

  init(_ path: String?) throws {
    if let path {
      try Data().write(to: URL(filePath: path))
      file = try FileHandle(forWritingTo: URL(filePath: path))
    } else {
      file = nil
    }
  }

  func line(_ text: String = "") throws {
    let data = Data((text + "\n").utf8)
    FileHandle.standardOutput.write(data)
    try file?.write(contentsOf: data)
  }

  func row(_ cells: [String]) throws {
    try line("| " + cells.joined(separator: " | ") + " |")
  }

  func table(_ columns: [String]) throws {
    try line()
    try row(columns)
    try row(columns.map { _ in "---" })
  }
}

extension Double {
  /// With digits behind the point.
  func rounded(to digits: Int) -> String { String(format: "%.\(digits)f", self) }
}

extension Int {
  /// In millions: megabytes.
  var megabytes: String { (Double(self) / 1e6).rounded(to: 1) }
}
