internal import Platform

/// What this machine's physical addresses are used for: /proc/iomem, whose addresses only root sees.
struct IOMemory {
  private let text: String

  init(_ text: String) {
    self.text = text
  }

  /// - Throws: ``SystemError`` where there is none.
  static func ofThisMachine() throws(SystemError) -> IOMemory {
    IOMemory(try TextFile.read("/proc/iomem", atMost: 16 << 20))
  }

  /// `  0d000000-16ffffff : Crash kernel`, at any depth of indentation; the last address belongs to the range.
  func ranges(named name: String) -> [ClosedRange<UInt64>] {
    var ranges: [ClosedRange<UInt64>] = []
    for line in text.split(separator: "\n") where line.hasSuffix(" : \(name)") {
      let ends = line.drop { $0 == " " }.prefix { $0 != " " }.split(separator: "-")
      guard ends.count == 2, let first = UInt64(ends[0], radix: 16), let last = UInt64(ends[1], radix: 16),
        first < last
      else { continue }
      ranges.append(first...last)
    }
    return ranges
  }
}
