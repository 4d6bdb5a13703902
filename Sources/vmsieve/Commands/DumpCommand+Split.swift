internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import Platform

extension DumpCommand {
  /// Frames that stay in one file of a split dump if nothing else is said: 16 MiB, so that files get about the
  /// same number of pages. A border that is no multiple of 64 frames would be counted wrongly by crash.
  private static let splitBlock: UInt64 = 4096
  private static let splitAlignment: UInt64 = 64

  /// Writes the files of a split dump, all of them together: one that is full does not end the others.
  ///
  /// - Parameter cut: which files are whole and which are not, where any is not.
  func writeParts(
    _ description: DumpDescription, _ files: SplitFiles, _ pipeline: inout DumpPipeline, _ progress: Progress,
    _ cut: inout CutDump
  ) throws(PipelineError) -> (report: PipelineReport, bytesWritten: UInt64) {
    progress.begin(.copyingData)
    var writer = SplitWriter()
    let parts = pipeline.parts(options.splitFiles.count, block: splitBlock)
    for (index, part) in parts.enumerated() {
      let path = options.splitFiles[index]
      messages.debug("\(path): \(part.lowerBound) to \(part.upperBound)")
      var described = description
      described.facts.split = part
      let file: FileDescriptor?
      do throws(SystemError) { file = try files.file(index) } catch { throw .write(.failed(error)) }
      writer.add(try makeWriter(described, file), path: path, frames: part)
    }
    do throws(PipelineError) {
      let report = try pipeline.run(into: &writer, threads: threads) { progress.update(done: $0, total: $1) }
      return (report, writer.bytesWritten)
    } catch {
      let whole = writer.wholeFiles
      cut.files =
        "marked incomplete: \(writer.cutFiles.joined(separator: ", "))"
        + (whole.isEmpty ? "" : "; whole: \(whole.joined(separator: ", "))")
      throw error
    }
  }

  private var splitBlock: UInt64 {
    if options.splitBlock <= 0 { return Self.splitBlock }
    let frames = UInt64(options.splitBlock) / 4
    return (frames + Self.splitAlignment - 1) / Self.splitAlignment * Self.splitAlignment
  }
}
