internal import DumpMemory
internal import KernelModel
internal import PageCompression
internal import Platform

/// Counts the pages of a running machine that a dump of it would leave out (`--mem-usage /proc/kcore`).
///
/// The machine goes on while it is counted: pages change their kind, and the sum is of no single moment.
struct MemoryUsageCommand {
  let request: MemoryUsageRequest
  let messages: Messages

  /// The first kernel whose /proc/kcore says where memory lies (p_paddr).
  private static let oldest = KernelVersion(4, minor: 11)

  func run() throws(CommandFailure) {
    // vmcore_sz of oled-tools reads stdout and stderr as one, and wants the table's head in the first line.
    messages.keepBack()
    defer { messages.release() }
    var ready = try MemoryPreparation(request.memory, messages: messages)
    let kernel = try ready.knownKernel(for: "without which its pages cannot be told apart")
    if kernel.version < Self.oldest, !request.isForced {
      throw CommandFailure(
        "/proc/kcore of Linux \(kernel.release) does not say where memory lies; -f tries all the same")
    }
    try ready.run(.translate)
    let usage = try count(kernel)
    messages.release(behind: usage.lines)
  }

  private func count(
    _ kernel: Kernel
  ) throws(CommandFailure) -> MemoryUsage {
    let memory = kernel.physical
    var usage = MemoryUsage(pageSize: memory.geometry.size)
    do throws(VmcoreError) {
      var kept = try memory.framesInFile()
      // No crash of this machine will have this memory in /proc/vmcore.
      for range in CrashKernelMemory.frames(memory.geometry) { kept.remove(range) }
      usage.total = kept.count
      try PageFilter.run(
        kernel, level: DumpLevel(rawValue: Int(OptionParser.highestDumpLevel)), from: &kept,
        report: &usage.filtered
      ) { _, _ in }
      do throws(SystemError) { usage.zeroPages = try countZeroPages(memory, frames: kept) } catch {
        throw .system(error)
      }
    } catch { throw CommandFailure(error) }
    messages.warn(of: usage.filtered)
    return usage
  }

  private func countZeroPages(
    _ memory: PhysicalMemory, frames: borrowing PFNBitmap
  ) throws(SystemError) -> UInt64 {
    var reader = try MemoryReader.sequential(memory)
    var count: UInt64 = 0
    var pfn = PFN(0)
    while let next = frames.next(from: pfn) {
      // A page that cannot be read, such as one of a guest's that the host took back, is not one of zeros.
      if (try? reader.withPage(next) { isZeroPage($0) }) == true { count += 1 }
      pfn = next.advanced(by: 1)
    }
    return count
  }
}
