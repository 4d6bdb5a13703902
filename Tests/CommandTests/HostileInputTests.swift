import DumpFixtures
import DumpJudge
import Foundation
import Testing

/// Damaged vmcores: whatever the file says, the program ends soon, in bounded memory, and tells the truth.
@Suite struct HostileInputTests {
  /// Kernels that differ in how their memory is found.
  private static let kernels: [KernelConfiguration] = {
    func configuration(
      _ generation: KernelGeneration, _ change: (inout KernelConfiguration) -> Void = { _ in }
    ) -> KernelConfiguration {
      var configuration = KernelConfiguration(generation)
      configuration.ram = [0..<256, 300..<420]
      change(&configuration)
      return configuration
    }
    return [
      configuration(.v6_12),
      configuration(.v6_1) {
        $0.directMapLeaf = .fourKiB; $0.textLeaf = .fourKiB
      },
      configuration(.v3_10),
      configuration(.v7_1) {
        $0.memoryModel = .flatmem; $0.smeMask = 1 << 47
      },
      configuration(.v5_1) {
        $0.memMapPlacement = .directMap; $0.ram.append(70_000..<70_064)
      },
      configuration(.v4_14) { $0.memoryModel = .sparsemem },
    ]
  }()

  private static func kernel(_ seed: UInt64) -> SyntheticKernel {
    let kernel = SyntheticKernel(kernels[Int(seed % UInt64(kernels.count))])
    kernel.setFree(pfn: 64, order: 4)
    kernel.setFree(pfn: 128, order: 7)
    kernel.setCache(pfn: 3)
    kernel.setCache(pfn: 4, hasPrivate: true)
    kernel.setCache(pfn: 16, order: 4)
    kernel.setAnonymous(pfn: 32, order: 3)
    kernel.setSlab(pfn: 48, order: 2)
    kernel.setKernelCompound(pfn: 56, order: 3)
    return kernel
  }

  private static func options(_ seed: UInt64) -> [String] {
    var random = SeededGenerator(seed: seed ^ 0x5eed)
    var options = ["-d", random.pick(["31", "31", "31", "1", "0", "16", "8"])]
    options += random.pick([[], ["-c"], ["-l"], ["-p"], ["-z"]])
    options += ["--num-threads", random.pick(["1", "2", "3"])]
    if random.oneIn(3) { options.append("--non-mmap") }
    return options
  }

  /// Damaged files of each kind; VMSIEVE_HOSTILE_RUNS asks for a longer hunt.
  private static let runs =
    ProcessInfo.processInfo.environment["VMSIEVE_HOSTILE_RUNS"].flatMap { UInt64($0) } ?? 25

  @Test(arguments: VmcoreMutator.Kind.allCases)
  func `a damaged vmcore comes to a true dump or to a refusal`(kind: VmcoreMutator.Kind) throws {
    for seed in 0..<Self.runs {
      let kernel = Self.kernel(seed)
      var mutator = VmcoreMutator(kernel, kernel.vmcore(), seed: seed)
      try HostileRun(mutator.mutated(kind), Self.options(seed), name: "\(kind.rawValue) \(seed)").judge()
    }
  }

  /// Lies that a random change would hardly find.
  private static let lies: [(String, @Sendable (SyntheticKernel, inout ELFBuilder) -> Void)] = [
    (
      "thirty-two orders, and a free block of 2^31 pages over the image",
      { kernel, builder in
        kernel.setFree(pfn: 0)
        kernel.setRaw(0, privateWord: 31)
        kernel.setKey("LENGTH(zone.free_area)", "32")
        builder = kernel.elf()
      }
    ),
    (
      "32 TiB of memory that is not in the file",
      { _, builder in
        builder.segments.append(
          ELFSegment(vaddr: 0xffff_8890_0000_0000, paddr: 1 << 40, data: [], memorySize: 31 << 40))
      }
    ),
    (
      "32 TiB of memory, all of whose sections have one mem_map",
      { kernel, builder in
        kernel.setKey("SIZE(mem_section)", "8")
        kernel.setKey("LENGTH(mem_section)", "1")
        builder = kernel.elf()
        builder.segments.append(
          ELFSegment(vaddr: 0xffff_8890_0000_0000, paddr: 1 << 40, data: [], memorySize: 31 << 40))
      }
    ),
    (
      "a page of memory at the highest place that is believed",
      { _, builder in
        builder.segments.append(
          ELFSegment(vaddr: 0, paddr: 1 << 45 - 4096, data: [UInt8](repeating: 5, count: 4096)))
      }
    ),
    (
      "fifty thousand segments of one byte",
      { _, builder in
        builder.segmentFileAlignment = 1
        builder.segments += (0..<50_000).map {
          ELFSegment(vaddr: 0, paddr: 1 << 32 + UInt64($0) * 8192, data: [UInt8($0 & 0xff)])
        }
      }
    ),
    (
      "a thousand segments over the same megabyte of the file",
      { kernel, builder in
        let offset = UInt64(kernel.vmcore().segments[1])
        builder.segments += (0..<1000).map {
          var segment = ELFSegment(vaddr: 0, paddr: 1 << 32 + UInt64($0) << 20, data: [])
          segment.claimedOffset = offset
          segment.claimedFileSize = 1 << 20
          return segment
        }
      }
    ),
    (
      "notes of thirty-three megabytes that are one note",
      { _, builder in
        builder.notes.insert(
          ELFNote(type: 0x700, name: "VMCOREDD", descriptor: [UInt8](repeating: 1, count: 33 << 20)), at: 0)
      }
    ),
  ]

  @Test(arguments: lies.indices)
  func `a well-made lie comes to a true dump or to a refusal`(index: Int) throws {
    let kernel = Self.kernel(0)
    var builder = kernel.elf()
    Self.lies[index].1(kernel, &builder)
    for options in [
      ["-d", "31", "-l", "--num-threads", "2"], ["-d", "0", "--num-threads", "1", "--non-mmap"],
    ] {
      try HostileRun(builder.build().bytes, options, name: Self.lies[index].0).judge()
    }
  }
}
