import Diskdump
import DumpFixtures
import DumpJudge
import DumpMemory
import DumpPipeline
import Foundation
import KernelModel
import PageCompression
import Platform

/// What the pipeline made of a machine.
struct DumpedMachine {
  private let file: TemporaryFile
  let report: PipelineReport?
  let error: PipelineError?
  /// What there is of each group, if an order was given.
  let groups: WrittenGroups?
  /// Calls of the progress closure: pages done, and of how many.
  let progress: [(done: UInt64, total: UInt64)]

  /// - Parameter pagesInTime: after so many the deadline comes; nil for none.
  init(
    _ machine: Machine, codec: Codec = .lzo, sharesZeroPages: Bool = true, threads: Int,
    sizeLimit: UInt64? = nil, order: WritePriority? = nil, pagesInTime: UInt64? = nil
  ) throws {
    file = try TemporaryFile([])
    let memory = PhysicalMemory(machine)
    let description = DumpDescription(
      DumpFacts(
        utsname: .unknown(.x86_64), crashTime: 0, processorCount: 1, physicalBase: 0,
        dumpLevel: sharesZeroPages ? .zeroPages : []),
      codec: codec,
      vmcoreinfo: memory.notes.vmcoreinfoRange ?? 0..<0, blockSize: 4096)
    var writer = try DiskdumpWriter(
      description,
      to: DumpOutput(file: try FileDescriptor.create(file.path, replacing: true), sizeLimit: sizeLimit))
    var pipeline = DumpPipeline(memory, frames: try machine.framesInFile())
    if let order { pipeline.follow(order) }
    var calls: [(UInt64, UInt64)] = []
    let deadline = MonotonicClock.microseconds() + 2_000_000
    if pagesInTime != nil { pipeline.stop(at: deadline) }
    do throws(PipelineError) {
      report = try pipeline.run(into: &writer, threads: threads) {
        calls.append(($0, $1))
        if let pagesInTime, $0 >= pagesInTime {
          while MonotonicClock.microseconds() < deadline { usleep(10_000) }
        }
      }
      error = nil
    } catch {
      report = nil
      self.error = error
    }
    groups = pipeline.groups(in: writer)
    progress = calls
  }

  var bytes: [UInt8] {
    get throws { [UInt8](try Data(contentsOf: URL(filePath: file.path))) }
  }

  func open() throws -> KdumpDump { try KdumpDump(file.path) }
}
