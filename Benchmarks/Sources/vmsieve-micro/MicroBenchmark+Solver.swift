import DumpFixtures
import DumpMemory
import KernelModel
import MemoryEncryption

extension MicroBenchmark {
  /// Low memory of noise with a slab of free objects, off by constants that were published: what is found of it.
  static var solver: MicroBenchmark {
    MicroBenchmark(name: "solver", unit: "region") {
      let kernel = SyntheticKernel.withLowMemory()
      var image = kernel.vmcore()
      kernel.damageLowMemory(.xe, in: &image)
      let file = try image.write()
      let memory = try PhysicalMemory(opening: file.path, prefersMapping: false)
      var reader = try MemoryReader.sequential(memory)
      var bytes: [UInt8] = []
      for pfn in UInt64(1)..<160 {
        try reader.withPage(PFN(pfn)) { page in unsafe page.withUnsafeBytes { bytes += unsafe Array($0) } }
      }
      guard
        var region = LowRegion(
          bytes: bytes.span.bytes, start: PhysicalAddress(4096), attribute: .encrypted)
      else { throw MicroFailure("the low memory that was made up is none") }
      region.backups = [
        BackupCandidate(
          address: PhysicalAddress(SyntheticKernel.lowBackup), certainty: .stated, evidence: "made so")
      ]
      let prepared = region
      return { times in
        for _ in 0..<times { use(ConstantSolver(prepared).plan().repairedPages) }
        return 1
      }
    }
  }
}
