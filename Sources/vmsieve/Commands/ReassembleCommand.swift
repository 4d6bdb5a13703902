internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import PageCompression
internal import Platform

/// Makes one dump of the files of a split one (`--reassemble`). Pages are copied as they are stored.
struct ReassembleCommand {
  let request: ReassembleRequest
  let messages: Messages

  /// - Returns: whether the dump has all pages that it should.
  func run() throws(CommandFailure) -> ExitStatus {
    guard !request.parts.isEmpty else {
      throw CommandFailure("--reassemble: name the files of the split dump, and then \(request.output)")
    }
    let set: KdumpSetStore
    let frames: PFNBitmap
    do throws(VmcoreError) {
      set = try KdumpSetStore(opening: request.parts)
      frames = try set.wantedFrames()
    } catch { throw CommandFailure(error) }
    guard !set.lacksAllPages else {
      throw CommandFailure(
        "\(set.path): each was cut before its first page: there is no memory in them")
    }
    for warning in set.warnings { messages.warning(warning) }

    let codec = Codec.allCases.first { $0 != .none && set.status.contains($0.status) } ?? .none
    do throws(PipelineError) { return try join(set, frames: frames, codec) } catch {
      if case .write(let error) = error, error.meansNoSpace { messages.sayFull(request.output, error: error) }
      throw CommandFailure(error, consequence: "; \(request.output) is not written")
    }
  }

  /// Writes the dump beside its place, and gives it its name when it is whole.
  private func join(
    _ set: KdumpSetStore, frames: consuming PFNBitmap, _ codec: Codec
  ) throws(PipelineError) -> ExitStatus {
    let memory = PhysicalMemory(set)
    let target = try ReplacementFile.forDump(request.output, replacing: request.overwrites)
    let progress = Progress(messages)
    progress.begin(.copyingData)
    var writer = try makeWriter(try target.duplicate(), description: describe(set, codec))
    let copied: PipelineReport
    if request.isUnchecked {
      var joiner = PartJoiner(set, frames: frames)
      copied = try joiner.run(into: &writer) { progress.update(done: $0, total: $1) }
    } else {
      var pipeline = DumpPipeline(memory, frames: frames)
      let threads = WorkerThreads.count(
        request.threads, codec: codec, pageSize: memory.geometry.size, messages: messages)
      copied = try pipeline.run(into: &writer, threads: threads) {
        progress.update(done: $0, total: $1)
      }
    }
    progress.end()
    let status = copied.status(of: memory, mayBeRepeated: true)
    try target.commitDump(request.record, status)
    messages.warn(of: copied, memory, target: request.output)
    return status
  }

  private func makeWriter(
    _ file: consuming FileDescriptor, description: DumpDescription
  ) throws(PipelineError) -> DiskdumpWriter {
    do throws(DumpError) {
      return try DiskdumpWriter(description, to: DumpOutput(file: file))
    } catch { throw .write(error) }
  }

  private func describe(_ set: KdumpSetStore, _ codec: Codec) -> DumpDescription {
    DumpDescription(
      set.origin, codec: codec, remarks: set.status.intersection(.excludedVmemmap),
      vmcoreinfo: set.notes.vmcoreinfoRange ?? 0..<0, blockSize: set.geometry.size,
      isIncomplete: set.lacksPages, leavesOutUnreadable: false
    )
  }
}
