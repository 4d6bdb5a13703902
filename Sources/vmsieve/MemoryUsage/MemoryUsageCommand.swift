internal import PageCompression
internal import Platform
internal import Vmcore

/// Counts the pages of a running machine that a dump of it would leave out (`--mem-usage /proc/kcore`).
///
/// The machine goes on while it is counted: pages change their kind, and the sum is of no single moment.
struct MemoryUsageCommand {
  let options: Options
  let messages: Messages

  /// The first kernel whose /proc/kcore says where memory lies (p_paddr).
  private static let oldest = KernelVersion(4, 11)

  func run() throws(DumpCommandError) {
    let opened = try OpenedVmcore(options, messages)
    let kernel = try opened.knownKernel(for: "without which its pages cannot be told apart")
    if kernel.version < Self.oldest, !options.overwrites {
      throw DumpCommandError(
        "/proc/kcore of Linux \(kernel.release) does not say where memory lies; -f tries all the same")
    }
    if options.translated != 0 {
      TranslateRequest.answer(options.translated, kernel, opened.memory, messages)
    }
    try report(opened.memory, kernel)
  }

  private func report(_ memory: PhysicalMemory, _ kernel: CrashedKernel) throws(DumpCommandError) {
    let progress = Progress(messages)
    var usage = MemoryUsage(pageSize: memory.geometry.size)
    do throws(VmcoreError) {
      var kept = try memory.framesInFile()
      // No crash of this machine will have this memory in /proc/vmcore.
      for range in CrashKernelMemory.frames(memory.geometry) { kept.remove(range) }
      usage.total = kept.count
      progress.begin(.unnecessaryPages)
      try PageFilter.run(
        kernel, DumpLevel(rawValue: Int(OptionParser.highestDumpLevel)), physical: memory, from: &kept,
        report: &usage.filtered
      ) { progress.update(done: $0, total: $1) }
      progress.end()
      progress.begin(.zeroPages)
      do throws(SystemError) { usage.zeroPages = try countZeroPages(memory, kept, progress) } catch {
        throw .system(error)
      }
      progress.end()
    } catch { throw DumpCommandError(error.description) }
    for warning in usage.filtered.warnings { messages.warning(warning) }
    for line in usage.lines { messages.common(line) }
  }

  private func countZeroPages(
    _ memory: PhysicalMemory, _ frames: borrowing PFNBitmap, _ progress: Progress
  ) throws(SystemError) -> UInt64 {
    var reader = try MemoryReader.sequential(memory)
    var count: UInt64 = 0
    var done: UInt64 = 0
    var pfn = PFN(0)
    while let next = frames.next(from: pfn) {
      // A page that cannot be read, such as one of a guest's that the host took back, is not one of zeros.
      if (try? reader.withPage(next) { isZeroPage($0) }) == true { count += 1 }
      pfn = next.advanced(by: 1)
      done += 1
      if done % 4096 == 0 { progress.update(done: done, total: frames.count) }
    }
    return count
  }
}
