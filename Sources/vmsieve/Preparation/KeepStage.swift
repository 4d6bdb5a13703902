internal import KernelModel

/// Finds the pages of the processes that are to stay in the dump (`--keep-comm`).
enum KeepStage {
  /// - Returns: nil if no process is named.
  static func frames(
    _ names: [String], of kernel: Kernel?, messages: Messages
  ) throws(CommandFailure) -> ProcessFrames? {
    if names.isEmpty { return nil }
    guard let kernel else {
      throw CommandFailure("--keep-comm: processes cannot be found in a kernel that is not known")
    }
    let frames: ProcessFrames
    do throws(KernelError) {
      frames = try ProcessFrames(named: names, kernel)
    } catch { throw CommandFailure("--keep-comm: \(error)") }
    messages.debug("--keep-comm: \(frames.processes) processes had \(frames.count) pages mapped")
    for name in frames.missing { messages.warning("--keep-comm: there was no process \(name)") }
    if frames.unreachable > 0 {
      messages.warning(
        "--keep-comm: \(frames.unreachable) page tables cannot be read, so pages may be missing")
    }
    return frames
  }
}
