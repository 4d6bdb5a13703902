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
    do throws(SystemError) {
      let file = try openOutput()
      failure = try copy(&log, to: file)
      try file.synchronize()
    } catch { throw CommandFailure(error.description) }
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
