internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import Platform

extension DumpCommand {
  /// Writes a file in the order of memory: it has its name when it is whole, and else there is none.
  func runWhole(_ path: String) throws(CommandFailure) -> ExitStatus {
    var cut = CutDump()
    let files = try SplitFiles(request)
    do throws(PipelineError) {
      if request.isDryRun {
        return try dump(withEarlier(request.levels[0]), to: nil, files: files, cut: &cut)
      }
      let target = try ReplacementFile.forDump(path, replacing: request.overwrites)
      let status = try dump(
        withEarlier(request.levels[0]), to: try target.duplicate(), files: files, cut: &cut)
      try target.commitDump(request.record, status)
      return status
    } catch {
      if case .write(let error) = error, error.meansNoSpace { messages.sayFull(path, error: error) }
      throw CommandFailure(error, consequence: "; \(path) is not written")
    }
  }

  /// Which frames the file has, of those that the dump has.
  func frames(of part: SplitPart, block: Int32, in pipeline: borrowing DumpPipeline) -> Range<PFN> {
    let frames = parts(part.count, block: block, of: pipeline)[part.number - 1]
    messages.debug(
      "part \(part.number) of \(part.count): \(frames.lowerBound) to \(frames.upperBound)")
    return frames
  }
}
