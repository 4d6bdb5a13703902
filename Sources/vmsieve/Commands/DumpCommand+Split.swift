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
  /// - Parameters:
  ///   - paths: of the files.
  ///   - block: what stays together, in KiB; 0 leaves the choice to the program.
  ///   - cut: which files are whole and which are not, where any is not.
  func writeParts(
    _ description: DumpDescription, _ files: SplitFiles, _ paths: [String], block: Int32,
    _ pipeline: inout DumpPipeline, _ progress: Progress,
    _ cut: inout CutDump
  ) throws(PipelineError) -> (report: PipelineReport, bytesWritten: UInt64) {
    progress.begin(.copyingData)
    var writer = SplitWriter()
    let parts = pipeline.parts(paths.count, block: Self.frames(inBlock: block))
    for (index, part) in parts.enumerated() {
      let path = paths[index]
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

  private static func frames(inBlock size: Int32) -> UInt64 {
    if size <= 0 { return splitBlock }
    let frames = UInt64(size) / 4
    return (frames + splitAlignment - 1) / splitAlignment * splitAlignment
  }
}
