internal import Vmcore

extension RepairPlan {
  /// The plan as one JSON object: addresses are strings of `0x` and hexadecimal digits, constants 32 hexadecimal
  /// digits in memory order, pages physical addresses.
  public var json: String {
    var fields: [String] = []
    fields.append("\"verdict\": \"\(verdict.rawValue)\"")
    fields.append("\"start\": \(RepairPlan.hexadecimal(start.rawValue))")
    fields.append("\"bytes\": \(byteCount)")
    fields.append("\"backup\": " + (backup.map { RepairPlan.hexadecimal($0.rawValue) } ?? "null"))
    fields.append("\"pages_repaired\": \(repairedPages)")
    let left = LeaveReason.allCases.map { "\"\($0.rawValue)\": \(pages(left: $0))" }
    fields.append("\"pages_left\": {" + left.joined(separator: ", ") + "}")
    fields.append("\"classes\": [" + classes.map { json($0) }.joined(separator: ", ") + "]")
    fields.append("\"evidence\": [" + evidence.map { RepairPlan.quoted($0) }.joined(separator: ", ") + "]")
    return "{" + fields.joined(separator: ", ") + "}"
  }

  private func json(_ found: ClassVerdict) -> String {
    let first = start.rawValue / LowRegion.pageBytes
    let pages = found.pages.map { RepairPlan.hexadecimal((first + UInt64($0)) * LowRegion.pageBytes) }
    let checks = Check.allCases.compactMap { check in
      found.checks[check].map { "\"\(check.rawValue)\": \($0)" }
    }
    return "{\"difference\": \(RepairPlan.hexadecimal(found.difference)), "
      + "\"constant\": \(found.constant.map { "\"\($0)\"" } ?? "null"), "
      + "\"believed\": \(found.isAccepted), "
      + "\"reason\": \(found.reason.map { "\"\($0.rawValue)\"" } ?? "null"), "
      + "\"checks\": {\(checks.joined(separator: ", "))}, \"pages\": [\(pages.joined(separator: ", "))]}"
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    "\"0x" + String(number, radix: 16) + "\""
  }

  /// Evidence may quote what a dump or a user says.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
