internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import Platform

extension DumpCommand {
  /// Bytes of memory that stay in one file of a split dump if nothing else is said, so that files get about the
  /// same number of pages. A border that is no multiple of 64 frames would be counted wrongly by crash.
  private static let splitBlock: UInt64 = 16 << 20
  private static let splitAlignment: UInt64 = 64

  /// The files of a split dump, written together: one that is full does not end the others.
  ///
  /// - Parameters:
  ///   - paths: of the files.
  ///   - block: what stays together, in KiB; 0 leaves the choice to the program.
  func makeSplitWriter(
    _ description: DumpDescription, files: SplitFiles, paths: [String], block: Int32,
    pipeline: borrowing DumpPipeline
  ) throws(PipelineError) -> SplitWriter {
    var writer = SplitWriter()
    let parts = parts(paths.count, block: block, of: pipeline)
    for (part, path) in zip(parts, paths) {
      messages.debug("\(path): \(part.lowerBound) to \(part.upperBound)")
    }
    do throws(DumpError) {
      for (index, part) in parts.enumerated() {
        var described = description
        described.facts.split = part
        let output = try files.output(index, sizeLimit: request.sizeLimit)
        writer.add(try DiskdumpWriter(described, to: output), path: paths[index], frames: part)
      }
    } catch { throw .write(error) }
    return writer
  }

  /// What an error leaves of the files.
  func consequence(_ files: SplitFiles, _ cut: CutDump) -> String {
    let empty = files.remove(cut.files?.empty ?? request.destination.paths)
    let said: [(fate: String, paths: [String])] = [
      ("marked incomplete", cut.files?.cut ?? []), ("without a page, and removed", empty.removed),
      ("without a page, and of no use", empty.left), ("whole", cut.files?.whole ?? []),
    ]
    return said.filter { !$0.paths.isEmpty }.map { "; \($0.fate): " + $0.paths.joined(separator: ", ") }
      .joined()
  }

  /// Which frames each file has, of those that the dump has.
  ///
  /// - Parameter block: what stays together, in KiB; 0 leaves the choice to the program.
  func parts(_ count: Int, block: Int32, of pipeline: borrowing DumpPipeline) -> [Range<PFN>] {
    pipeline.parts(count, block: Self.frames(inBlock: block, memory.geometry))
  }

  /// - Parameter size: in KiB; a page where it is less than one.
  static func frames(inBlock size: Int32, _ geometry: PageGeometry) -> UInt64 {
    let bytes = size <= 0 ? splitBlock : UInt64(size) << 10
    let frames = max(bytes >> geometry.shift, 1)
    return (frames + splitAlignment - 1) / splitAlignment * splitAlignment
  }
}
