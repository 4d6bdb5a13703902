import DumpFixtures
import DumpMemory
import KernelModel
import PageCompression

extension MicroBenchmark {
  static var scans: [MicroBenchmark] { [zeroPage, lateByte, memoryMap] }

  private static var zeroPage: MicroBenchmark {
    MicroBenchmark(name: "zero-scan", unit: "page") {
      let page = [UInt8](repeating: 0, count: SamplePage.size)
      return { times in
        for _ in 0..<times { use(isZeroPage(page.span.bytes)) }
        return 1
      }
    }
  }

  /// Of most pages a look at the beginning is enough.
  private static var lateByte: MicroBenchmark {
    MicroBenchmark(name: "zero-scan-first-line", unit: "page") {
      var page = [UInt8](repeating: 0, count: SamplePage.size)
      page[100] = 1
      return { times in
        for _ in 0..<times { use(isZeroPage(page.span.bytes)) }
        return 1
      }
    }
  }

  /// What the filter takes for each struct page at -d 31, of a kernel that is made up.
  private static var memoryMap: MicroBenchmark {
    MicroBenchmark(name: "mem_map-scan", unit: "struct page") {
      var configuration = KernelConfiguration(.v6_1)
      configuration.ram = [1..<8192]
      configuration.patternedMemory = false
      let made = SyntheticKernel(configuration)
      let file = try made.vmcore().write()
      let physical = try PhysicalMemory(opening: file.path, prefersMapping: true)
      // Nobody looks for symbols.
      let info = made.vmcoreinfoText.split(separator: "\n").filter { !$0.hasPrefix("SYMBOL(_stext)=") }
      let facts = try KernelFacts(VMCOREINFO(info.joined(separator: "\n") + "\n"), loads: physical.loads)
      let kernel = Kernel(facts, of: physical)
      return { times in
        var examined = 0
        for _ in 0..<times {
          var frames = try physical.framesInFile()
          var report = FilterReport()
          try PageFilter.run(
            kernel, level: DumpLevel(rawValue: 31), from: &frames, keepsNeeded: false, report: &report,
            progress: { _, _ in })
          examined = Int(report.examined)
        }
        // It is closed, and gone, with the last time.
        use(file)
        return examined
      }
    }
  }
}
