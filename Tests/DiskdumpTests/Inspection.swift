import DumpJudge
import Foundation

/// What a dump shows of a scenario.
struct Inspection {
  /// Pages with the content that they should have.
  var right: [UInt64] = []
  var wrong: [UInt64] = []
  var unreadable: [UInt64] = []
  /// Pages described as missing.
  var cut: [UInt64] = []
  var pastEnd = 0

  init(_ dump: KdumpDump, of scenario: Scenario) {
    var inspection = Inspection()
    dump.forEachPage { pfn, descriptor, result in
      if let descriptor, descriptor.offset + UInt64(descriptor.size) > dump.fileSize {
        inspection.pastEnd += 1
      }
      switch result {
      case .success(let content):
        let same = scenario.content(pfn).withUnsafeBytes {
          memcmp($0.baseAddress!, content.baseAddress!, $0.count) == 0
        }
        if same {
          inspection.right.append(pfn)
        } else {
          inspection.wrong.append(pfn)
        }
      case .failure(.cut):
        inspection.cut.append(pfn)
      case .failure:
        inspection.unreadable.append(pfn)
      }
    }
    self = inspection
  }

  private init() {}

  /// Whether all that the dump shows is true.
  var isHonest: Bool { wrong.isEmpty && unreadable.isEmpty && pastEnd == 0 }
}

/// A path in the temporary folder, removed with its owner.
final class TemporaryPath {
  let path: String

  init(_ folder: String = NSTemporaryDirectory()) {
    path = folder + "/vmsieve-\(UUID().uuidString)"
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}
