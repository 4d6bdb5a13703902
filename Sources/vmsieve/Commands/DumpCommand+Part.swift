internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import Platform

extension DumpCommand {
  /// Writes one file of a split dump as if all were written, in the order of memory: it has its name when it is whole, and
  /// else there is none.
  func run(_ part: SplitPart, at path: String) throws(CommandFailure) -> ExitStatus {
    var cut = CutDump()
    let files = try SplitFiles(request)
    do throws(PipelineError) {
      if request.isDryRun {
        return try dump(withEarlier(request.levels[0]), to: nil, files: files, cut: &cut)
      }
      let target = try makeTarget(path)
      let status = try dump(
        withEarlier(request.levels[0]), to: try duplicate(target), files: files, cut: &cut)
      do throws(SystemError) { try target.commit() } catch { throw PipelineError.system(error) }
      return status
    } catch {
      if case .write(let error) = error, error.meansNoSpace { messages.sayFull(path, error: error) }
      throw CommandFailure("\(error); \(path) is not written")
    }
  }

  private func makeTarget(_ path: String) throws(PipelineError) -> ReplacementFile {
    do throws(SystemError) { return try ReplacementFile(path, replacing: request.overwrites) } catch {
      throw .system(error)
    }
  }

  private func duplicate(_ target: borrowing ReplacementFile) throws(PipelineError) -> FileDescriptor {
    do throws(SystemError) { return try target.file.duplicate() } catch { throw .system(error) }
  }

  /// Which frames the file has, of those that the dump has.
  func frames(of part: SplitPart, block: Int32, in pipeline: borrowing DumpPipeline) -> Range<PFN> {
    let frames = pipeline.parts(part.count, block: Self.frames(inBlock: block))[part.number - 1]
    messages.debug(
      "part \(part.number) of \(part.count): \(frames.lowerBound) to \(frames.upperBound)")
    return frames
  }
}
