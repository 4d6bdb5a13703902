internal import DumpMemory
internal import KernelModel
internal import MemoryEncryption
internal import Platform

/// The answer of `inspect`.
struct InspectReport {
  let vmcore: OpenedVmcore
  let repair: Repair?
  let map: EncryptionMap?
  let processors: CrashedProcessors?
  let crash: CrashSummary?
  let forecast: DumpForecast

  init(
    _ vmcore: OpenedVmcore, repair: Repair?, map: EncryptionMap?, processors: CrashedProcessors?,
    crash: CrashSummary?, forecast: DumpForecast
  ) {
    self.vmcore = vmcore
    self.repair = repair
    self.map = map
    self.processors = processors
    self.crash = crash
    self.forecast = forecast
  }

  var investigation: Investigation? { repair?.investigation }

  var format: String { vmcore.memory.formatDescription }

  /// What all of it comes to.
  var sentence: String {
    guard let investigation else {
      let reason = vmcore.reasonForNoInfo.map { ": \($0)" } ?? ""
      return
        "\(vmcore.problem ?? "the kernel is not known"): what its memory encryption was cannot be said\(reason)"
    }
    let outcome = investigation.outcome
    guard let plan = investigation.plan, plan.repairedPages > 0 else { return outcome.sentence }
    return "\(outcome.sentence): \(plan.account), \(repair?.plan?.lostPages ?? 0) are lost"
  }

  /// One object on one line.
  var json: JSONObject {
    var object = JSONObject()
    object.add("vmcore", vmcore.memory.path)
    object.add("format", format)
    object.add("complete", vmcore.memory.isComplete)
    object.add("release", vmcore.kernel?.release)
    object.add("pages", vmcore.memory.frames.count)
    object.add("processors", processors?.json)
    object.add("kernel", crash?.kernelJSON)
    object.add("crash", crash?.crashJSON)
    object.add("cpus", list: crash?.processorsJSON.map(\.text))
    object.add("tasks", crash?.tasksJSON)
    object.add("modules", list: crash?.modulesJSON?.map(\.text))
    object.add("memory", crash?.memoryJSON)
    object.add("slabs", list: crash?.slabsJSON?.map(\.text))
    object.add("log", list: crash?.log?.lastLines.map { JSONObject.quoted($0) })
    object.add("page_classes", forecast.classesJSON)
    object.add("forecast", forecast.json)
    object.add("problems", crash?.problemsJSON ?? [])
    object.add("summary", sentence)
    object.add("encryption", investigation.map { Self.json($0.state) })
    var region: JSONObject?
    if let low = investigation?.low {
      var found = JSONObject()
      found.add("start", hexadecimal: low.source.rawValue)
      found.add("bytes", low.byteCount)
      region = found
    }
    object.add("low_memory", region)
    object.add("backups", (investigation?.candidates ?? []).map { Self.json($0) })
    object.add("repair", investigation?.plan?.json)
    object.add("record", repair.flatMap { $0.record.isEmpty ? nil : String($0.record.dropLast()) })
    object.add("evidence", investigation?.evidence ?? [])
    object.add("c_bit_map", map?.json)
    return object
  }

  private static func json(_ state: EncryptionState) -> JSONObject {
    var object = JSONObject()
    object.add("kind", state.kind.rawValue)
    object.add("mask", hexadecimal: state.mask)
    object.add("evidence", state.evidence)
    object.add("meaning", state.meaning)
    return object
  }

  private static func json(_ candidate: BackupCandidate) -> JSONObject {
    var object = JSONObject()
    object.add("address", hexadecimal: candidate.address.rawValue)
    object.add("certainty", candidate.certainty.rawValue)
    object.add("evidence", candidate.evidence)
    return object
  }
}
