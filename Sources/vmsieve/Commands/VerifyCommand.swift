internal import Diskdump
internal import DumpMemory
internal import KernelModel
internal import PageCompression
internal import Platform

/// `vmsieve verify [OPTION].. DUMP ..`: whether every page of a dump can be read, and is what a manifest says.
struct VerifyCommand {
  let request: VerifyRequest
  let messages: Messages

  func run() throws(CommandFailure) -> ExitStatus {
    if let path = request.written, !request.overwrites, DumpTarget.exists(path) {
      throw CommandFailure("\(path) exists: --check-sum \(path) compares with it, -f replaces it")
    }
    do throws(VmcoreError) {
      let report = try report()
      messages.answer(request.usesJSON ? [report.json.text] : report.lines)
      return report.isSound ? .completed : report.mayPass ? .tryAgain : .failed
    } catch { throw CommandFailure(error) }
  }

  private func report() throws(VmcoreError) -> VerifyReport {
    let paths = request.dumps
    let memory =
      paths.count == 1
      ? try PhysicalMemory(opening: paths[0], prefersMapping: true)
      : PhysicalMemory(try KdumpSetStore(opening: paths))
    var report = VerifyReport(memory)
    let threads = WorkerThreads.count(
      request.threads, codec: .none, pageSize: memory.geometry.size,
      messages: messages)
    if request.written == nil, request.checked == nil {
      let progress = Progress(messages)
      progress.begin(.readingPages)
      report.pages = try PageChecker(memory).run(threads: threads) { _, done, total in
        progress.update(done: done, total: total)
      }
      progress.end()
    } else {
      try readWithSums(memory, threads: threads, report: &report)
    }
    if case .pages(let store) = memory.source {
      for part in (store as? KdumpSetStore)?.parts ?? [store as? KdumpStore].compactMap({ $0 }) {
        let survey = try part.survey()
        report.add(survey, problems: part.contradictions(survey), of: part.path)
      }
    }
    report.processors = processors(of: memory)
    return report
  }

  /// Reads the pages with their hashes.
  private func readWithSums(
    _ memory: PhysicalMemory, threads: Int, report: inout VerifyReport
  ) throws(VmcoreError) {
    var comparison: PageSumComparison?
    if let path = request.checked {
      comparison = PageSumComparison?(
        try PageSumComparison(try PageSumsReader(opening: path, memory.geometry)))
    }
    var writer: PageSumsWriter?
    if let path = request.written {
      do throws(SystemError) {
        writer = try PageSumsWriter(
          path, replacing: request.overwrites, geometry: memory.geometry, lines: Self.description(of: memory))
      } catch { throw .system(error) }
    }
    let progress = Progress(messages)
    progress.begin(.readingPages)
    let pages = try PageChecker(memory, takesSums: true).run(threads: threads) {
      (block, done, total) throws(VmcoreError) in
      try comparison?.add(block.sums)
      do throws(SystemError) { try writer?.add(block.sums) } catch { throw .system(error) }
      progress.update(done: done, total: total)
    }
    report.pages = pages
    try comparison?.finish()
    if let path = request.checked, let comparison {
      report.sums = VerifyReport.Sums(path, comparison: comparison)
    }
    if let writer = writer.take(), let path = request.written {
      do throws(SystemError) {
        report.written = (path, try writer.finish(lostPages: pages.failed))
      } catch { throw .system(error) }
    }
    progress.end()
  }

  /// What a manifest says of the dump that it is of.
  private static func description(of memory: PhysicalMemory) -> [String] {
    var lines = ["dump: \(memory.path)"]
    if let release = memory.origin?.utsname.release ?? memory.vmcoreinfo()?.string("OSRELEASE"),
      !release.isEmpty
    {
      lines.append("kernel: \(release)")
    }
    if let time = memory.vmcoreinfo()?.string("CRASHTIME") { lines.append("crash time: \(time)") }
    return lines
  }

  /// Nil where the kernel and its symbols are not to be had, as of a dump whose memory is encrypted.
  private func processors(of memory: PhysicalMemory) -> CrashedProcessors? {
    guard let info = memory.vmcoreinfo(), let kernel = try? Kernel(info, of: memory) else {
      return nil
    }
    return CrashedProcessors(kernel)
  }
}
