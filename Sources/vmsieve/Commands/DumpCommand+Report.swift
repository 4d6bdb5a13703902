internal import DumpMemory
internal import KernelModel
internal import Platform

extension DumpCommand {
  /// Says how many copies of keys were found in the pages that were written.
  func tellOfCopies() {
    guard let copies = secrets?.copiesFound, copies.count > 0 else { return }
    messages.common(
      "secrets copies: \(copies.count) more copies, \(copies.bytes) bytes, are erased in the pages of the dump."
    )
  }

  /// Writes what the crashed kernel tells (`--report`). What goes wrong with that is said, and is no failure of the dump.
  func writeReport() {
    guard let path = request.report else { return }
    guard let kernel else {
      messages.warning("--report \(path): the kernel is not known, and no report is written")
      return
    }
    do throws(VmcoreError) {
      // What is erased in the dump is erased here.
      let crash = try CrashSummary(kernel.reading(output))
      let text = ReportText.of(crash, release: kernel.release, memory: memory)
      try VmcoreError.wrapping { () throws(SystemError) in
        try TextFile.write(text, to: path, replacing: request.overwrites)
      }
      messages.common("The report is saved to \(path).")
    } catch { messages.warning("--report: \(error); no report is written") }
  }
}
