internal import DumpMemory
internal import KernelModel
internal import Platform

/// Erases what a file names (`--config`), before anything is written.
enum ErasureStage {
  /// - Parameters:
  ///   - output: what goes into the dump.
  ///   - kernel: in the same memory, as it saw it.
  ///   - path: the file; nil if nothing is to be erased.
  /// - Returns: what goes into the dump instead, and what to write into it about that.
  static func erase(
    _ output: PhysicalMemory, of kernel: Kernel?, path: String?, messages: Messages
  ) throws(CommandFailure) -> (memory: PhysicalMemory, record: String) {
    guard let path else { return (output, "") }
    guard let kernel else {
      throw CommandFailure("\(path): nothing can be erased of a kernel that is not known")
    }
    let text: String
    do throws(SystemError) { text = try TextFile.read(path) } catch {
      throw CommandFailure("\(error)")
    }
    let script: ErasureScript
    do throws(KernelError) { script = try ErasureScript(text) } catch {
      throw CommandFailure("\(path): \(error)")
    }
    let result: Eraser.Result
    do throws(KernelError) {
      result = try Eraser.run(script, kernel)
    } catch {
      throw CommandFailure("\(path): \(error); no dump is made that would have what was to be erased")
    }
    for module in result.absentModules {
      messages.common("\(path): [\(module)] is passed over: the module was not loaded.")
    }
    messages.common("\(result.memory.byteCount) bytes are erased.")
    for line in result.record.split(separator: "\n") { messages.debug(String(line)) }
    if result.memory.isEmpty { return (output, "") }
    return (
      PhysicalMemory(output, adding: ErasureLayer(result.memory, geometry: output.geometry)), result.record
    )
  }
}
