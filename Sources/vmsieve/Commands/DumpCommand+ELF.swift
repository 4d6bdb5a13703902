internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import KernelModel
internal import Platform

extension DumpCommand {
  /// Writes the pages as an ELF core (`-E`).
  ///
  /// - Parameters:
  ///   - file: nil for a dry run.
  ///   - cut: what a dump that fails has.
  func writeELF(
    _ level: DumpLevel, to file: consuming FileDescriptor?, _ pipeline: inout DumpPipeline,
    _ order: PageOrder, _ progress: Progress, _ cut: inout CutDump
  ) throws(PipelineError) -> (report: PipelineReport, bytesWritten: UInt64) {
    // The headers, which come first, say which pages there are: those that cannot be had must be known, or readers
    // would see zeros.
    progress.begin(level.contains(.zeroPages) ? .zeroPages : .readingPages)
    let lost = try pipeline.excludeAbsentPages(zeroPages: level.contains(.zeroPages)) {
      progress.update(done: $0, total: $1)
    }
    progress.end()
    var contents = ELFDumpWriter.Contents(
      eraseInfo: describe(level).facts.eraseInfo, lost: lost,
      isIncomplete: memory.lacksPages || (lost.count > 0 && !memory.isLive))
    if lost.count > 0, memory.isLive, let first = lost.ranges.first {
      contents.eraseInfo += DumpFacts.unreadableRecord(
        pages: lost.count, first: memory.geometry.address(of: first.lowerBound).rawValue)
    }
    if case .ranges(let sequence) = order {
      contents.sequence = sequence
      try pipeline.follow(sequence, givesRanks: false)
    }
    var writer: ELFDumpWriter
    do throws(DumpWriteError) {
      let segments = elfSegments()
      if let file {
        writer =
          request.destination.isStream
          ? try ELFDumpWriter(stream: file, segments: segments, contents, sizeLimit: request.sizeLimit)
          : try ELFDumpWriter(file: file, segments: segments, contents, sizeLimit: request.sizeLimit)
      } else {
        writer = try ELFDumpWriter(countingOnly: segments, contents, sizeLimit: request.sizeLimit)
      }
    } catch { throw .write(error) }
    progress.begin(.copyingData)
    do throws(PipelineError) {
      let report = try pipeline.run(into: &writer, threads: threads) { progress.update(done: $0, total: $1) }
      return (report, writer.bytesWritten)
    } catch {
      cut.isEmpty = !writer.hasPages
      throw error
    }
  }

  /// The source's PT_LOADs. A kdump-compressed dump has none: then the machine's memory as its bitmap has it, and
  /// the kernel's image, each where the kernel mapped it.
  private func elfSegments() -> [CoreSegment] {
    let loads = memory.loads.compactMap { CoreSegment($0) }
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
            virtual: MemorySegments.kernelMap &+ physical.lowerBound &- kernel.facts.physicalBase))
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
