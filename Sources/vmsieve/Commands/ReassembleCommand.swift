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
    } catch { throw CommandFailure(error.description) }
    let memory = PhysicalMemory(set)
    guard !set.lacksAllPages else {
      throw CommandFailure(
        "\(set.path): each was cut before its first page: there is no memory in them")
    }
    for warning in set.warnings { messages.warning(warning) }

    let codec = Codec.allCases.first { $0 != .none && set.status.contains($0.status) } ?? .none
    let file: FileDescriptor
    do throws(SystemError) {
      file = try FileDescriptor.create(request.output, replacing: request.overwrites)
    } catch { throw CommandFailure("\(error)") }
    let identity = file.identity
    let progress = Progress(messages)
    progress.begin(.copyingData)
    var isEmpty = true
    do throws(PipelineError) {
      var writer = try makeWriter(file, description: describe(set, codec))
      defer { isEmpty = writer.pagesTaken == writer.unreadablePages }
      var pipeline = DumpPipeline(memory, frames: frames)
      let threads = WorkerThreads.count(
        request.threads ?? 1, codec: codec, pageSize: memory.geometry.size, messages: messages)
      let copied = try pipeline.run(into: &writer, threads: threads) {
        progress.update(done: $0, total: $1)
      }
      progress.end()
      messages.warn(of: copied, memory, target: request.output)
      return copied.lacksPages(of: memory) ? .inputLackedPages : .completed
    } catch {
      if case .write(let error) = error, error.meansNoSpace {
        messages.sayFull(request.output, error: error)
        if !isEmpty { messages.sayIncomplete() }
      }
      guard isEmpty else {
        throw CommandFailure(
          "\(error); \(request.output) is marked incomplete: what was written before can be read")
      }
      let isGone = FileDescriptor.remove(request.output, created: identity)
      throw CommandFailure(
        "\(error); no page was written, and \(request.output) \(isGone ? "is removed" : "is of no use")")
    }
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
      vmcoreinfo: set.notes.vmcoreinfoRange ?? 0..<0, isIncomplete: set.lacksPages, leavesOutUnreadable: false
    )
  }
}
