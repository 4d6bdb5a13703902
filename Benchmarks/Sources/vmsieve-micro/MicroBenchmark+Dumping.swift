import Diskdump
import DumpFixtures
import DumpMemory
import DumpPipeline
import KernelModel
import Platform

extension MicroBenchmark {
  /// A bitmap's life: filled, thinned out, and walked over.
  static var bitmap: MicroBenchmark {
    MicroBenchmark(name: "bitmap", unit: "frame") {
      let count: UInt64 = 1 << 16
      return { times in
        for _ in 0..<times {
          var bitmap = try PFNBitmap(maxMapNumber: count)
          bitmap.insert(PFN(0)..<PFN(count))
          for pfn in stride(from: UInt64(0), to: count, by: 3) { bitmap.remove(PFN(pfn)) }
          var at = bitmap.next(from: PFN(0))
          while let pfn = at { at = bitmap.next(from: pfn.advanced(by: 1)) }
          use(bitmap.count)
        }
        return Int(count)
      }
    }
  }

  /// All that the pipeline and its ring do for a page besides a codec: batches, reading, zero pages, descriptors, to nowhere.
  static var pipeline: MicroBenchmark {
    MicroBenchmark(name: "ring", unit: "page") {
      var configuration = KernelConfiguration(.v6_1)
      configuration.ram = [1..<8192]
      let file = try SyntheticKernel(configuration).vmcore().write()
      let memory = try PhysicalMemory(opening: file.path, prefersMapping: true)
      return { times in
        var pages = 0
        for _ in 0..<times {
          let facts = DumpFacts(
            utsname: .unknown(.x86_64), crashTime: 0, processorCount: 1, physicalBase: 0,
            dumpLevel: .zeroPages)
          var writer = try DiskdumpWriter(
            DumpDescription(facts, codec: .none, vmcoreinfo: 0..<0, blockSize: memory.geometry.size),
            to: DumpOutput())
          let frames = try memory.framesInFile()
          pages = Int(frames.count)
          var pipeline = DumpPipeline(memory, frames: frames)
          _ = try pipeline.run(into: &writer, threads: 1) { _, _ in }
        }
        use(file)
        return pages
      }
    }
  }
}
