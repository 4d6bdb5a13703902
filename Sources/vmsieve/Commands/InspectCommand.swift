internal import Diskdump
internal import DumpMemory
internal import KernelModel
internal import MemoryEncryption
internal import Platform

/// `vmsieve inspect [--json] VMCORE`: what a vmcore tells about memory encryption.
struct InspectCommand {
  let request: InspectRequest
  let messages: Messages

  func run() throws(CommandFailure) {
    var ready = try MemoryPreparation(request.memory, messages)
    try ready.run(.undoEncryption, depth: .always)
    var map: EncryptionMap?
    if let kernel = ready.kernel, let found = ready.repair?.investigation, found.state.mask != 0,
      let directMap = found.directMap
    {
      do throws(VmcoreError) { map = try EncryptionMap(of: kernel, directMap: directMap) } catch {
        throw CommandFailure(error.description)
      }
    }
    let processors = ready.kernel.flatMap { CrashedProcessors($0) }
    let report = InspectReport(ready.opened, ready.repair, map, processors)
    messages.answer(request.usesJSON ? report.json.text : report.text)
  }
}
