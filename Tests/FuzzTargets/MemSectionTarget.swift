import DumpFixtures
import DumpMemory
import KernelModel

/// mem_section or mem_map, the `struct page`s behind it, and which pages a dump leaves out by them.
public struct MemSectionTarget: FuzzTarget {
  public static let name = "memsection"
  public static let input =
    "which kernel (1), a dump level (1), then changes of its mem_section and of some struct pages (KernelPatch)"
  public static let mostBytes = 1024

  private let kernels: [PatchedKernel]

  public init() {
    kernels = [
      Self.kernel(.v6_1) { _ in }, Self.kernel(.v4_14) { _ in },
      Self.kernel(.v5_1) { $0.memoryModel = .sparsemem }, Self.kernel(.v3_10) { $0.memoryModel = .flatmem },
      Self.kernel(.v6_12) { $0.memMapPlacement = .directMap }, Self.kernel(.v7_1) { $0.levels = 5 },
    ]
  }

  private static func kernel(
    _ generation: KernelGeneration, change: (inout KernelConfiguration) -> Void
  ) -> PatchedKernel {
    var configuration = KernelConfiguration(generation)
    configuration.ram = [0..<64]
    configuration.patternedMemory = false
    change(&configuration)
    let kernel = SyntheticKernel(configuration)
    kernel.setFree(pfn: 8, order: 3)
    kernel.setCache(pfn: 16, hasPrivate: true)
    kernel.setAnonymous(pfn: 17)
    kernel.setHugetlb(pfn: 32, order: 4)
    kernel.setKernelCompound(pfn: 48, order: 2)
    let patched = PatchedKernel(kernel)
    let image = kernel.image.lowerBound << 12
    patched.addWindow(image: kernel.text + 0x2800, byteCount: 128)
    if let entry = kernel.sectionEntry(0) { patched.addWindow(physical: entry & ~0xfff, byteCount: 4096) }
    let table = kernel.memSectionAddress
    if table >= kernel.text, table < kernel.text + UInt64(kernel.image.count) << 12 {
      patched.addWindow(physical: image + (table - kernel.text), byteCount: 256)
    } else if let place = kernel.translate(table) {
      patched.addWindow(physical: place, byteCount: 256)
    }
    patched.addStructPages(of: 0..<64)
    return patched
  }

  public func seeds() -> [FuzzSeed] {
    kernels.indices.flatMap { index in
      let begin = [UInt8(index), 31]
      // A section without PRESENT, another order of a free block, a page type, and a root that leads to itself.
      let absent = KernelPatch.bytes(3, window: 1, value: 0)
      let order = KernelPatch.bytes(1, window: 3, place: 8 * 16 + 10, value: 200)
      let type = KernelPatch.bytes(1, window: 3, place: 20 * 16 + 12, value: 0xffff_ff7f)
      let root = KernelPatch.bytes(4, window: 2, value: 2)
      return [
        FuzzSeed("plain-\(index)", begin), FuzzSeed("absent-\(index)", begin + absent),
        FuzzSeed("order-\(index)", begin + order + type), FuzzSeed("root-\(index)", begin + root),
      ]
    }
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    var bytes = InputBytes(input)
    let patched = kernels[Int(bytes.byte()) % kernels.count]
    let level = DumpLevel(rawValue: Int(bytes.byte() & 31))
    guard let kernel = patched.patched(by: &bytes) else { return }
    if let map = try? kernel.memoryMap() { try Self.check(map, of: kernel.physical) }
    guard var frames = try? kernel.physical.framesInFile() else { return }
    let before = frames.count
    var report = FilterReport()
    _ = try? PageFilter.run(
      kernel, level: level, from: &frames, keepsNeeded: true, report: &report, progress: { _, _ in })
    try FuzzFinding.unless(
      report.examined <= before, "\(report.examined) of \(before) frames were looked at")
    try FuzzFinding.unless(
      frames.count + report.excluded == before,
      "of \(before) frames \(frames.count) stay, and \(report.excluded) are said to be left out")
  }

  /// Sections lie one behind the other, and what is without them is no more than there is.
  static func check(_ map: MemoryMap, of physical: PhysicalMemory) throws(FuzzFinding) {
    var end = PFN(0)
    for section in map.sections {
      try FuzzFinding.unless(
        section.frames.lowerBound >= end && !section.frames.isEmpty,
        "a section of \(section.frames) follows one that ends at \(end)")
      end = section.frames.upperBound
    }
    try FuzzFinding.unless(
      map.framesWithout <= physical.frames.count, "\(map.framesWithout) frames are without a mem_map")
  }
}

extension FilterReport {
  /// Frames that were left out, for whatever reason.
  fileprivate var excluded: UInt64 { ExclusionReason.allCases.reduce(0) { $0 + self[$1] } }
}
