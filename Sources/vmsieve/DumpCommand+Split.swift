internal import Diskdump
internal import DumpPipeline
internal import Platform
internal import Vmcore

extension DumpCommand {
  /// Frames that stay in one file of a split dump if nothing else is said: 16 MiB, so that files get about the
  /// same number of pages. A border that is no multiple of 64 frames would be counted wrongly by crash.
  private static let splitBlock: UInt64 = 4096
  private static let splitAlignment: UInt64 = 64

  /// Creates all files of a split dump, so that a place that cannot be written to is known before any work.
  func createParts(replacing: Bool) throws(DumpCommandError) {
    guard !options.splitFiles.isEmpty else { return }
    guard options.splitBlock >= 0, options.splitBlock % 4 == 0 else {
      throw DumpCommandError(
        "--splitblock-size \(options.splitBlock): not a multiple of the page size, which is 4 KiB")
    }
    if options.isDryRun { return }
    do throws(SystemError) {
      for path in options.splitFiles { _ = try FileDescriptor.create(path, replacing: replacing) }
    } catch { throw DumpCommandError("\(error)") }
  }

  /// Writes the files of a split dump, one after the other: each is written with all threads.
  func writeParts(
    _ description: DumpDescription, _ pipeline: inout DumpPipeline, _ progress: Progress
  ) throws(PipelineError) -> (report: PipelineReport, bytesWritten: UInt64) {
    progress.begin(.copyingData)
    var report = PipelineReport()
    var bytesWritten: UInt64 = 0
    let parts = pipeline.parts(options.splitFiles.count, block: splitBlock)
    for (path, part) in zip(options.splitFiles, parts) {
      messages.debug("\(path): \(part.lowerBound) to \(part.upperBound)")
      var described = description
      described.split = part
      var writer = try makeWriter(described, try createPart(path))
      report = try pipeline.run(part: part, into: &writer, threads: threads) {
        progress.update(done: $0, total: $1)
      }
      bytesWritten += writer.bytesWritten
    }
    return (report, bytesWritten)
  }

  private func createPart(_ path: String) throws(PipelineError) -> FileDescriptor? {
    if options.isDryRun { return nil }
    do throws(SystemError) { return try FileDescriptor.create(path, replacing: true) } catch {
      throw .write(.failed(error))
    }
  }

  private var splitBlock: UInt64 {
    if options.splitBlock <= 0 { return Self.splitBlock }
    let frames = UInt64(options.splitBlock) / 4
    return (frames + Self.splitAlignment - 1) / Self.splitAlignment * Self.splitAlignment
  }
}
