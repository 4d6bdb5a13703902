internal import KernelModel
internal import Platform

/// Saves the messages of the dead kernel as text (`--dump-dmesg`).
struct LogCommand {
  let request: LogRequest
  let messages: Messages

  /// Text is written in pieces of at least this many bytes.
  private static let pieceSize = 64 << 10

  func run() throws(CommandFailure) {
    var ready = try MemoryPreparation(request.memory, messages: messages)
    try ready.run(.reading(request.memory))
    let kernel = try ready.knownKernel(for: "without which the kernel's log cannot be found")
    var log: KernelLog
    do throws(KernelError) {
      log = try KernelLog(kernel, sinceClear: request.onlySinceClear)
    } catch { throw CommandFailure("\(request.memory.path): \(error)") }
    try save(&log)
  }

  private func save(_ log: inout KernelLog) throws(CommandFailure) {
    let failure: KernelError?
    let file: FileDescriptor
    do throws(SystemError) { file = try openOutput() } catch { throw CommandFailure(error) }
    do throws(SystemError) {
      failure = try copy(&log, to: file)
      try file.synchronize()
    } catch { throw CommandFailure(error.description + consequence(file)) }
    if failure == nil {
      if let remark = log.losses.remark {
        messages.warning("\(request.memory.path): the kernel's log is damaged: \(remark)")
      }
      if let first = log.losses.first {
        messages.warning(
          "\(request.memory.path): messages of the kernel's log that are left out: \(log.losses.count), the first: \(first)"
        )
      }
    }
    if let failure {
      throw CommandFailure("\(request.memory.path): \(failure). \(request.outputName) ends there.")
    }
  }

  /// What an error of writing leaves: the first messages are better than none.
  private func consequence(_ file: borrowing FileDescriptor) -> String {
    guard let path = request.output else { return "" }
    let isEmpty = (try? file.size()) == 0
    if isEmpty, FileDescriptor.remove(path, created: file.identity) { return "; \(path) is removed" }
    return "; \(path) may end before the log does"
  }

  private func openOutput() throws(SystemError) -> FileDescriptor {
    guard let path = request.output else {
      return try FileDescriptor.duplicate(ofStandard: 1, named: request.outputName)
    }
    return try FileDescriptor.create(path, replacing: request.overwrites)
  }

  /// Writes as much of the log as there is; returns why that is not all.
  private func copy(
    _ log: inout KernelLog, to file: borrowing FileDescriptor
  ) throws(SystemError) -> KernelError? {
    var text: [UInt8] = []
    var failure: KernelError?
    var isMore = true
    while isMore {
      do throws(KernelError) { isMore = try log.appendNext(to: &text) } catch {
        failure = error
        isMore = false
      }
      if text.count >= Self.pieceSize || !isMore {
        try unsafe file.append(text.span.bytes)
        text.removeAll(keepingCapacity: true)
      }
    }
    return failure
  }
}
