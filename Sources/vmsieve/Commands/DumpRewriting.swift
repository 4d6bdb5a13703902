internal import Diskdump
internal import DumpMemory
internal import DumpPipeline
internal import KernelModel
internal import PageCompression
internal import Platform

/// Writes what is intact of a kdump-compressed dump as a new one, whose bitmap has these pages and no other.
///
/// Pages are copied as they are stored, but for those that a layer changes. The file appears whole or not at all.
struct DumpRewriting {
  private let salvaged: SalvagedStore
  /// What is written, of ``salvaged`` or, where nothing is broken, of the dump itself.
  private let memory: PhysicalMemory
  private let description: DumpDescription
  private let request: RepairRequest
  private let threads: Int
  private let messages: Messages

  init(
    _ salvaged: SalvagedStore, source: PhysicalMemory, ready: MemoryPreparation, request: RepairRequest,
    threads: Int, messages: Messages
  ) {
    self.salvaged = salvaged
    self.request = request
    self.threads = threads
    self.messages = messages
    memory = ready.output
    var facts = salvaged.origin
    if let kernel = ready.kernel {
      facts.physicalBase = kernel.facts.physicalBase
      // A header that was lost named more of the machine than VMCOREINFO does; a hypervisor's names nothing, and stays so.
      let names = facts.utsname
      if !names.release.isEmpty, names.version.isEmpty, var memory = try? kernel.memory() {
        facts.utsname = UtsName(of: kernel.facts, &memory)
      }
    }
    facts.eraseInfo = source.eraseInfo + ready.record
    description = DumpDescription(
      facts, codec: Codec.allCases.first { $0 != .none && salvaged.status.contains($0.status) } ?? .none,
      remarks: salvaged.status.intersection(.excludedVmemmap),
      vmcoreinfo: memory.notes.vmcoreinfoRange ?? 0..<0, blockSize: memory.geometry.size,
      isIncomplete: !salvaged.isComplete, leavesOutUnreadable: false)
  }

  func run() throws(PipelineError) {
    let frames = try intactFrames()
    let count = frames.count
    let target = try ReplacementFile.forDump(request.output, replacing: request.overwrites)
    let progress = Progress(messages)
    progress.begin(.copyingData)
    var pipeline = DumpPipeline(memory, frames: frames)
    var writer = try makeWriter(target)
    let report = try pipeline.run(into: &writer, threads: threads) {
      progress.update(done: $0, total: $1)
    }
    progress.end()
    try check(target.temporaryPath, pages: count, report: report)
    try target.commitDump(request.record, salvaged.isComplete ? .completed : .inputLackedPages)
  }

  private func intactFrames() throws(PipelineError) -> PFNBitmap {
    do throws(VmcoreError) { return try salvaged.framesInFile() } catch { throw .read(error) }
  }

  private func makeWriter(_ target: borrowing ReplacementFile) throws(PipelineError) -> DiskdumpWriter {
    let file = try target.duplicate()
    do throws(DumpError) { return try DiskdumpWriter(description, to: DumpOutput(file: file)) } catch {
      throw .write(error)
    }
  }

  /// Reads the new dump as anybody would.
  private func check(_ path: String, pages: UInt64, report: PipelineReport) throws(PipelineError) {
    let check: PageCheck
    let hasSameNotes: Bool
    do throws(VmcoreError) {
      let written = try PhysicalMemory(opening: path, prefersMapping: false)
      check = try PageChecker(written).run(threads: threads) { _, _, _ in }
      hasSameNotes = try VmcoreError.wrapping { () throws(SystemError) in
        try written.notes.isEqual(to: memory.notes)
      }
    } catch { throw .write(.unreadable(error)) }
    guard report.lost.count == 0, report.writtenPages == pages, check.isSound, check.pages == pages,
      hasSameNotes
    else {
      throw .write(
        .miswritten(
          path: path, "it came out otherwise than it was to be: \(check.failed) pages cannot be read"))
    }
  }
}
