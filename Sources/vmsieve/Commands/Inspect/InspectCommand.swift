internal import Diskdump
internal import DumpMemory
internal import KernelModel
internal import MemoryEncryption
internal import Platform

/// `vmsieve inspect [--json | --ndjson] VMCORE`: what a vmcore tells of the crash, and about memory encryption.
struct InspectCommand {
  let request: InspectRequest
  let messages: Messages

  func run() throws(CommandFailure) {
    do throws(CommandFailure) { try answer() } catch {
      if request.form == .line {
        var line = JSONObject()
        line.add("vmcore", request.memory.path)
        line.add("error", error.message)
        messages.answer([line.text])
      }
      throw error
    }
  }

  private func answer() throws(CommandFailure) {
    if let path = request.page, !request.overwrites, DumpTarget.exists(path) {
      throw CommandFailure("\(path) exists: -f replaces it")
    }
    var ready = try MemoryPreparation(request.memory, messages: messages)
    // One look for all that will be asked for.
    _ = ready.kernel?.symbolsAtHand(CrashSummary.symbols + CrashedProcessors.symbols + PageFilter.symbols)
    try ready.run(.undoEncryption, depth: .always)
    var map: EncryptionMap?
    if let kernel = ready.kernel, let found = ready.repair?.investigation, found.state.mask != 0,
      let directMap = found.directMap
    {
      do throws(VmcoreError) { map = try EncryptionMap(of: kernel, directMap: directMap) } catch {
        throw CommandFailure(error)
      }
    }
    let processors = ready.kernel.flatMap { CrashedProcessors($0) }
    let crash: CrashSummary?
    let forecast: DumpForecast
    do throws(VmcoreError) {
      if let kernel = ready.kernel { crash = try CrashSummary(kernel) } else { crash = nil }
      forecast = try DumpForecast(ready.memory, of: ready.kernel)
    } catch { throw CommandFailure(error) }
    let report = InspectReport(
      ready.opened, repair: ready.repair, map: map, processors: processors, crash: crash, forecast: forecast)
    if let path = request.page { try write(HTMLReport(report: report).text, to: path) }
    messages.answer(request.form == .text ? report.lines : [report.json.text])
  }

  private func write(_ page: String, to path: String) throws(CommandFailure) {
    do throws(SystemError) {
      try TextFile.write(page, to: path, replacing: request.overwrites)
    } catch { throw CommandFailure(error) }
  }
}
