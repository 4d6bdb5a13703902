import DumpFixtures
import DumpMemory
import Platform

/// An ELF core's header, program headers and segments, as far as the pages that lie in them.
public struct ELFTarget: FuzzTarget {
  public static let name = "elf"
  public static let input = "an ELF core"
  public static let mostBytes = 8192

  private let file = MemoryFile()

  public init() {}

  public func seeds() -> [FuzzSeed] {
    var small = Self.core
    var extended = Self.core
    extended.usesExtendedNumbering = true
    small.segments.append(ELFSegment(vaddr: 0, paddr: 0x9000, data: [], memorySize: 0x3000))
    var overlapping = Self.core
    overlapping.segments.append(
      ELFSegment(vaddr: 0xffff_ffff_8100_0000, paddr: 0x1008, data: Array(0..<100)))
    let plain = Self.core.build().bytes
    return [
      FuzzSeed("plain", plain), FuzzSeed("extended", extended.build().bytes),
      FuzzSeed("absent", small.build().bytes), FuzzSeed("overlapping", overlapping.build().bytes),
      FuzzSeed("cut", Array(plain.dropLast(40))),
    ]
  }

  /// Two segments of a few bytes: no reader asks for whole pages.
  static var core: ELFBuilder {
    var builder = ELFBuilder()
    builder.segmentFileAlignment = 8
    builder.notes = [.prstatus(cpu: 0), .vmcoreinfo("OSRELEASE=6.1.0\nPAGESIZE=4096\n")]
    builder.segments = [
      ELFSegment(vaddr: 0xffff_8880_0000_1000, paddr: 0x1000, data: Array(repeating: 7, count: 64)),
      ELFSegment(vaddr: 0xffff_8880_0000_2ff0, paddr: 0x2ff0, data: Array(repeating: 9, count: 48)),
    ]
    return builder
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    file.hold(input)
    for prefersMapping in [true, false] {
      guard let core = try? ELFCore(opening: file.path),
        let memory = try? PhysicalMemory(core, prefersMapping: prefersMapping)
      else { return }
      let pages = try memory.check(memory.framesToTry(atMost: 256))
      for (pfn, page) in pages { try Self.compare(page, pfn, input: input, loads: memory.loads) }
      _ = memory.warnings
      _ = memory.wantedCount
      _ = memory.notes.vmcoreinfo?.keyCount
    }
  }

  /// A page whose memory no two segments claim has the bytes of the one that does, and else zeros.
  private static func compare(
    _ page: [UInt8], _ pfn: PFN, input: [UInt8], loads: [ProgramHeader]
  ) throws(FuzzFinding) {
    var expected = [UInt8](repeating: 0, count: 4096)
    var owners = [UInt8](repeating: 0, count: 4096)
    let start = pfn.rawValue << 12
    for load in loads where !load.hasNoPhysicalAddress {
      let from = load.physicalAddress.rawValue
      let count = min(load.fileSize, load.memorySize)
      // Those that reach past the end of the address space are not read; the file is short.
      guard from < 1 << 52, load.memorySize <= 1 << 52, from + load.memorySize <= 1 << 52 else { continue }
      for index in 0..<4096 {
        let address = start + UInt64(index)
        guard address >= from, address - from < count else { continue }
        let place = load.fileOffset.rawValue.addingReportingOverflow(address - from)
        guard !place.overflow, place.partialValue < UInt64(input.count) else { continue }
        owners[index] &+= owners[index] < 2 ? 1 : 0
        expected[index] = input[Int(place.partialValue)]
      }
    }
    for index in 0..<4096 where owners[index] < 2 {
      try FuzzFinding.unless(
        page[index] == expected[index],
        "byte \(index) of \(pfn) is \(page[index]), and \(expected[index]) in the file")
    }
  }
}

extension PhysicalMemory {
  /// Frames that the dump should have.
  fileprivate var wantedCount: UInt64 { (try? wantedFrames())?.count ?? 0 }
}
