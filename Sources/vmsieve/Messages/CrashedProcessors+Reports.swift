internal import KernelModel
internal import Platform

/// What is said of processors whose registers are missing.
extension CrashedProcessors {
  /// Those that should have left some.
  var silence: String? {
    if silent.isEmpty { return nil }
    return "no registers of processor \(Self.list(silent)), which did not answer when the kernel crashed"
  }

  /// Those that nobody expects any of.
  var absence: String? {
    if offline.isEmpty { return nil }
    return "No registers of processor \(Self.list(offline)), which was offline."
  }

  /// All of them.
  var sentence: String {
    var parts = ["registers of \(Self.list(withNotes))"]
    if !silent.isEmpty { parts.append("no answer from \(Self.list(silent)) at the crash") }
    if !offline.isEmpty { parts.append("\(Self.list(offline)) offline") }
    return parts.joined(separator: ", ")
  }

  var json: JSONObject {
    var object = JSONObject()
    object.add("with_registers", list: withNotes.map { "\($0)" })
    object.add("silent", list: silent.map { "\($0)" })
    object.add("offline", list: offline.map { "\($0)" })
    return object
  }
}
