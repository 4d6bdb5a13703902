internal import Vmcore

/// Finds the pages of the processes that are to stay in the dump (`--keep-comm`).
enum KeepCommand {
  /// - Returns: nil if no process is named.
  static func frames(
    _ memory: PhysicalMemory, _ kernel: CrashedKernel?, _ options: Options, _ messages: Messages
  ) throws(DumpCommandError) -> ProcessFrames? {
    let names = options.keptProcesses
    if names.isEmpty { return nil }
    guard let kernel else {
      throw DumpCommandError("--keep-comm: processes cannot be found in a kernel that is not known")
    }
    let frames: ProcessFrames
    do throws(SymbolError) {
      frames = try ProcessFrames(named: names, kernel, memory, files: options.memoryEncryption.files)
    } catch { throw DumpCommandError("--keep-comm: \(error)") }
    messages.debug("--keep-comm: \(frames.processes) processes had \(frames.count) pages mapped")
    for name in frames.missing { messages.warning("--keep-comm: there was no process \(name)") }
    if frames.unreachable > 0 {
      messages.warning("--keep-comm: \(frames.unreachable) page tables cannot be read, so pages may be missing")
    }
    return frames
  }
}
