internal import Diskdump
internal import MemoryEncryption
internal import Platform
internal import Vmcore

/// `vmsieve inspect [--json] VMCORE`: what a vmcore tells about memory encryption.
struct InspectCommand {
  let options: Options
  let messages: Messages

  func run() throws(DumpCommandError) {
    let opened = try OpenedVmcore(options, messages)
    var undoing: Undoing?
    var map: EncryptionMap?
    var processors: CrashedProcessors?
    if let kernel = opened.kernel {
      let found = try EncryptionCommand.undoing(
        opened.memory, kernel, options.memoryEncryption, depth: .always)
      undoing = found
      processors = CrashedProcessors(kernel, found.memory, files: options.memoryEncryption.files)
      if found.investigation.state.mask != 0, let directMap = found.investigation.directMap {
        do throws(VmcoreError) {
          map = try EncryptionMap(of: found.memory, directMap: directMap, kernel)
        } catch { throw DumpCommandError(error.description) }
      }
    }
    let report = InspectReport(opened, undoing, map, processors)
    messages.answer(options.usesJSON ? report.json.text : report.text)
  }
}
