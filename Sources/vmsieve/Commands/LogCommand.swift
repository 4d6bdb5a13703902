internal import KernelModel
internal import Platform

/// Saves the messages of the dead kernel as text (`--dump-dmesg`).
struct LogCommand {
  let options: Options
  let messages: Messages

  /// Text is written in pieces of at least this many bytes.
  private static let pieceSize = 64 << 10

  func run() throws(CommandFailure) {
    var ready = try MemoryPreparation(options, messages)
    try ready.run(.reading(options))
    let kernel = try ready.knownKernel(for: "without which the kernel's log cannot be found")
    var log: KernelLog
    do throws(KernelLogError) {
      log = try KernelLog(kernel, sinceClear: options.onlySinceClear)
    } catch { throw CommandFailure("\(options.vmcore): \(error)") }
    try save(&log)
  }

  private func save(_ log: inout KernelLog) throws(CommandFailure) {
    let failure: KernelLogError?
    do throws(SystemError) {
      let file =
        options.flattens
        ? try FileDescriptor.duplicate(ofStandard: 1, named: options.targetName)
        : try FileDescriptor.create(options.dumpFile, replacing: options.overwrites)
      failure = try copy(&log, to: file)
      try file.synchronize()
    } catch { throw CommandFailure(error.description) }
    if failure == nil {
      if let remark = log.losses.remark {
        messages.warning("\(options.vmcore): the kernel's log is damaged: \(remark)")
      }
      if let first = log.losses.first {
        messages.warning(
          "\(options.vmcore): messages of the kernel's log that are left out: \(log.losses.count), the first: \(first)"
        )
      }
    }
    if let failure {
      throw CommandFailure("\(options.vmcore): \(failure). \(options.targetName) ends there.")
    }
  }

  /// Writes as much of the log as there is; returns why that is not all.
  private func copy(
    _ log: inout KernelLog, to file: borrowing FileDescriptor
  ) throws(SystemError) -> KernelLogError? {
    var text: [UInt8] = []
    var failure: KernelLogError?
    var isMore = true
    while isMore {
      do throws(KernelLogError) { isMore = try log.appendNext(to: &text) } catch {
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
