import DumpFixtures
import DumpMemory
import KernelModel

/// What the page filter did with a synthetic kernel.
struct Filtered {
  /// The pfns of memory that were left out.
  let excluded: Set<UInt64>
  let report: FilterReport

  /// Builds the vmcore, reads it and filters it.
  ///
  /// - Parameters:
  ///   - hasSymbols: whether it has kallsyms. Without, nothing says where to look for them, or each of thousands of kernels
  ///     is searched for them.
  ///   - keepsNeeded: whether a rule that takes what every reader needs is not applied.
  init(
    _ kernel: SyntheticKernel, level: Int, image: ELFImage? = nil, hasSymbols: Bool = false,
    keepsNeeded: Bool = false
  ) throws {
    let info = kernel.vmcoreinfoText.split(separator: "\n").filter {
      hasSymbols || !$0.hasPrefix("SYMBOL(_stext)=")
    }
    try self.init(
      OpenedVmcore(image ?? kernel.vmcore()), info.joined(separator: "\n") + "\n", level: level,
      keepsNeeded: keepsNeeded)
  }

  init(_ opened: OpenedVmcore, _ vmcoreinfo: String, level: Int, keepsNeeded: Bool = false) throws {
    let physical = opened.memory
    let crashed = try KernelFacts(VMCOREINFO(vmcoreinfo), loads: physical.loads)
    let kernel = Kernel(crashed, of: physical)
    var frames = try PFNBitmap(maxMapNumber: physical.frames.maxMapNumber)
    for range in physical.frames.ranges { frames.insert(range) }
    var report = FilterReport()
    try PageFilter.run(
      kernel, level: DumpLevel(rawValue: level), from: &frames, keepsNeeded: keepsNeeded, report: &report,
      progress: { _, _ in })
    self.report = report
    var excluded: Set<UInt64> = []
    for range in physical.frames.ranges {
      for pfn in range where !frames.contains(pfn) { excluded.insert(pfn.rawValue) }
    }
    self.excluded = excluded
  }
}

extension SyntheticKernel {
  /// The pfns that a dump of this level leaves out, by what they were made to be.
  func expectedExclusions(level: Int) -> Set<UInt64> {
    Set(ranges.joined().filter { isExcluded($0, level: level) })
  }
}
