internal import Platform
internal import Vmcore

/// Erases what a file names (`--config`), before anything is written.
enum ErasureCommand {
  /// - Parameters:
  ///   - output: what goes into the dump.
  ///   - memory: the same, as the kernel saw it.
  /// - Returns: what goes into the dump instead, and what to write into it about that.
  static func erase(
    _ output: PhysicalMemory, read memory: PhysicalMemory, _ kernel: CrashedKernel?, _ options: Options,
    _ messages: Messages
  ) throws(DumpCommandError) -> (memory: PhysicalMemory, record: String) {
    guard let path = options.erasureFile else { return (output, "") }
    guard let kernel else {
      throw DumpCommandError("\(path): nothing can be erased of a kernel that is not known")
    }
    let text: String
    do throws(SystemError) { text = try TextFile.read(path) } catch {
      throw DumpCommandError("\(error)")
    }
    let script: ErasureScript
    do throws(ErasureScript.SyntaxError) { script = try ErasureScript(text) } catch {
      throw DumpCommandError("\(path): \(error)")
    }
    let result: Eraser.Result
    do throws(Eraser.Failure) {
      result = try Eraser.run(script, kernel, memory, files: options.memoryEncryption.files)
    } catch {
      throw DumpCommandError("\(path): \(error); no dump is made that would have what was to be erased")
    }
    for module in result.absentModules {
      messages.common("\(path): [\(module)] is passed over: the module was not loaded.")
    }
    messages.common("\(result.memory.byteCount) bytes are erased.")
    for line in result.record.split(separator: "\n") { messages.debug(String(line)) }
    if result.memory.isEmpty { return (output, "") }
    return (
      PhysicalMemory(output, adding: ErasureLayer(result.memory, output.geometry)), result.record
    )
  }
}
