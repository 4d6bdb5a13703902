internal import DumpMemory
internal import KernelModel
internal import Platform

/// Erases what a file names (`--config`), before anything is written.
enum ErasureStage {
  /// - Parameters:
  ///   - output: what goes into the dump.
  ///   - kernel: in the same memory, as it saw it.
  ///   - path: the file; nil if nothing is to be erased.
  /// - Returns: what goes into the dump instead, what to write into it about that, and what overwrites secrets as pages go by.
  static func erase(
    _ output: PhysicalMemory, of kernel: Kernel?, path: String?, messages: Messages
  ) throws(CommandFailure) -> (memory: PhysicalMemory, record: String, secrets: SecretLayer?) {
    guard let path else { return (output, "", nil) }
    guard let kernel else {
      throw CommandFailure("\(path): nothing can be erased of a kernel that is not known")
    }
    let text: String
    do throws(SystemError) { text = try TextFile.read(path) } catch {
      throw CommandFailure(error)
    }
    let script: ErasureScript
    do throws(KernelError) { script = try ErasureScript(text) } catch {
      throw CommandFailure(error, of: path)
    }
    let result: Eraser.Result
    var secrets: SecretSearch.Result?
    var erased: ErasedMemory
    do throws(KernelError) {
      result = try Eraser.run(script, kernel)
      erased = result.memory
      if !script.secrets.isEmpty {
        let found = try SecretSearch.run(script.secrets, kernel)
        guard erased.add(found.memory) else {
          throw .malformed("there is more to erase than can be kept in mind")
        }
        secrets = found
      }
    } catch {
      throw CommandFailure("\(path): \(error); no dump is made that would have what was to be erased")
    }
    for module in result.absentModules {
      messages.common("\(path): [\(module)] is passed over: the module was not loaded.")
    }
    for count in secrets?.counts ?? [] { messages.common("\(count.text).") }
    messages.common("\(erased.byteCount) bytes are erased.")
    let record = result.record + (secrets?.record ?? "")
    for line in result.record.split(separator: "\n") { messages.debug(String(line)) }
    var output = output
    let geometry = output.geometry
    if !erased.isEmpty { output = PhysicalMemory(output, adding: ErasureLayer(erased, geometry: geometry)) }
    if let layer = secrets?.layer { output = PhysicalMemory(output, adding: layer) }
    return (output, record, secrets?.layer)
  }
}
