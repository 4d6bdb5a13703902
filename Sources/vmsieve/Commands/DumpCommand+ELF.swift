internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import KernelModel
internal import Platform

extension DumpCommand {
  /// An ELF core (`-E`).
  ///
  /// Its headers, which come first, say which pages there are: those that cannot be had must be known, or readers would
  /// see zeros.
  func makeELFWriter(
    _ description: DumpDescription, to output: consuming DumpOutput, pipeline: inout DumpPipeline,
    progress: Progress
  ) throws(PipelineError) -> ELFDumpWriter {
    let excludesZeros = description.facts.dumpLevel.contains(.zeroPages)
    progress.begin(excludesZeros ? .zeroPages : .readingPages)
    let lost = try pipeline.excludeAbsentPages(zeroPages: excludesZeros) {
      progress.update(done: $0, total: $1)
    }
    progress.end()
    var contents = ELFDumpWriter.Contents(
      machine: memory.machine, geometry: memory.geometry, eraseInfo: description.facts.eraseInfo,
      lost: lost, isIncomplete: memory.lacksPages || (lost.count > 0 && !memory.isLive))
    if lost.count > 0, memory.isLive, let first = lost.ranges.first {
      contents.eraseInfo += DumpFacts.unreadableRecord(
        pages: lost.count, first: memory.geometry.address(of: first.lowerBound).rawValue)
    }
    do throws(DumpError) { return try ELFDumpWriter(elfSegments(), contents: contents, to: output) } catch {
      throw .write(error)
    }
  }

  /// The source's PT_LOADs. A kdump-compressed dump has none: then the machine's memory as its bitmap has it, and
  /// the kernel's image, each where the kernel mapped it.
  private func elfSegments() -> [CoreSegment] {
    let loads = memory.loads.compactMap { CoreSegment($0, of: memory.machine) }
    if !loads.isEmpty { return loads }
    var segments: [CoreSegment] = []
    var base: UInt64 = 0
    if let kernel {
      base = kernel.confirmedDirectMap ?? 0
      for range in kernel.image.ranges {
        let physical = addresses(range)
        segments.append(
          CoreSegment(
            physical: physical,
            virtual: physical.lowerBound &+ kernel.facts.imageOffset))
      }
    }
    for range in memory.frames.ranges {
      let physical = addresses(range)
      segments.append(
        CoreSegment(physical: physical, virtual: base == 0 ? 0 : base &+ physical.lowerBound))
    }
    return segments
  }

  private func addresses(_ frames: Range<PFN>) -> Range<UInt64> {
    memory.geometry.address(of: frames.lowerBound)
      .rawValue..<memory.geometry.address(of: frames.upperBound)
      .rawValue
  }
}
