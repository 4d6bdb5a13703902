internal import DumpMemory
public import Platform

extension RepairPlan {
  /// The plan as one JSON object: addresses are strings of `0x` and hexadecimal digits, constants 32 hexadecimal
  /// digits in memory order, pages physical addresses.
  public var json: JSONObject {
    var object = JSONObject()
    object.add("verdict", verdict.rawValue)
    object.add("start", hexadecimal: start.rawValue)
    object.add("bytes", byteCount)
    object.add("backup", hexadecimal: backup?.address.rawValue)
    object.add("backup_evidence", backup?.evidence)
    object.add("pages_repaired", repairedPages)
    object.add("pages_never_written", UInt64(neverWrittenPages))
    var left = JSONObject()
    for reason in LeaveReason.allCases { left.add(reason.rawValue, pages(left: reason)) }
    object.add("pages_left", left)
    object.add("classes", classes.map { json($0) })
    object.add("evidence", evidence)
    return object
  }

  private func json(_ found: ClassFinding) -> JSONObject {
    var object = JSONObject()
    object.add("difference", hexadecimal: found.difference)
    object.add("constant", found.constant.map { "\($0)" })
    object.add("believed", found.isAccepted)
    object.add("reason", found.reason?.rawValue)
    var checks = JSONObject()
    for check in Check.allCases {
      if let count = found.checks[check] { checks.add(check.rawValue, count) }
    }
    object.add("checks", checks)
    object.add(
      "pages", list: found.pages.map { JSONObject.hexadecimal(address(ofPage: $0).rawValue) })
    return object
  }
}
