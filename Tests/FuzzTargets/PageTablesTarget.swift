import DumpFixtures
import DumpMemory
import KernelModel

/// Page tables: single walks, and the tables of all processes.
public struct PageTablesTarget: FuzzTarget {
  public static let name = "pagetables"
  public static let input =
    "which kernel (1), an address (8), then changes of its page tables and of pgd_list (KernelPatch)"
  public static let mostBytes = 1024

  private let kernels: [PatchedKernel]
  /// A page that is a process's top table.
  private static let process: UInt64 = 10

  public init() {
    kernels = [
      Self.kernel(.v6_1) { _ in }, Self.kernel(.v6_1) { $0.levels = 5 },
      Self.kernel(.v5_10) { $0.smeMask = 1 << 47 }, Self.kernel(.v6_12) { $0.directMapLeaf = .fourKiB },
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
    // The list of processes' tables has one.
    let head = kernel.image.lowerBound << 12 + 0x2840
    let link = UInt64(kernel.generation.offsets.lru)
    kernel.memory.store(kernel.memory.bytes(at: kernel.topTable, count: 4096), at: process << 12)
    kernel.memory.store(kernel.structPageAddress(process) + link, at: head)
    kernel.memory.store(kernel.text + 0x2840, at: kernel.structPage(process)! + link)
    kernel.setKey("SYMBOL(pgd_list)", String(kernel.text + 0x2840, radix: 16))
    let patched = PatchedKernel(kernel)
    patched.addWindow(physical: kernel.topTable, byteCount: 4096)
    for vaddr in [kernel.text, kernel.pageOffset, kernel.vmemmap] {
      for level in 1..<configuration.levels {
        if let entry = kernel.tableEntry(vaddr, level: level) {
          patched.addWindow(physical: entry & ~0xfff, byteCount: 4096)
        }
      }
    }
    patched.addWindow(physical: process << 12, byteCount: 4096)
    patched.addStructPages(of: 0..<32)
    patched.addWindow(image: kernel.text + 0x2800, byteCount: 128)
    return patched
  }

  public func seeds() -> [FuzzSeed] {
    var out: [FuzzSeed] = []
    for (index, kernel) in kernels.enumerated() {
      let begin = [UInt8(index), 0, 0, 0, 0, 0, 0, 0, 0]
      out.append(FuzzSeed("plain-\(index)", begin))
      // The top table's own page, as a leaf, and as a ring of tables.
      let large = KernelPatch.bytes(5, window: 1, place: 3, value: 0xe3 << 24)
      let ring = KernelPatch.bytes(5, place: 511, value: 0x67 << 24)
      let loop = KernelPatch.bytes(
        4, window: UInt8(kernel.windows.count - 2), place: 1, value: 0x08 << 8 | 0xff)
      out += [
        FuzzSeed("leaf-\(index)", begin + large), FuzzSeed("ring-\(index)", begin + ring + ring),
        FuzzSeed("list-\(index)", begin + loop),
      ]
    }
    return out
  }

  public func run(_ input: [UInt8]) throws(FuzzFinding) {
    var bytes = InputBytes(input)
    let patched = kernels[Int(bytes.byte()) % kernels.count]
    let address = bytes.number(UInt64.self)
    guard let kernel = patched.patched(by: &bytes), let source = try? kernel.memory() else { return }
    var memory = source
    let own = patched.kernel
    let bases: [UInt64] = [
      address, own.text, own.pageOffset, own.pageOffset + 0x5000, own.vmemmap, 0, .max - 7,
    ]
    let distances: [UInt64] = [0, 0x1ff8, 1 << 21, 1 << 39]
    for base in bases {
      for vaddr in distances.map({ base &+ $0 }) {
        try Self.check(VirtualAddress(vaddr), kernel.tables, patched.memory, &memory)
      }
    }
    _ = kernel.image
    _ = kernel.confirmedDirectMap
    if let found = try? ProcessTables(kernel, in: &memory) {
      try FuzzFinding.unless(
        found.tables.count <= Int(own.maxMapNumber) + 1, "\(found.tables.count) processes have tables")
    }
    guard var tables = try? PageTableFrames(kernel) else { return }
    tables.add(kernel.tables.root, .kernel)
    tables.add(PhysicalAddress(Self.process << 12), .process)
    let frames = tables.takeFrames()
    try FuzzFinding.unless(
      frames.count <= patched.memory.frames.count, "\(frames.count) frames hold page tables")
  }

  /// Compares a walk with another that was written from the processor's manual (Intel SDM volume 3, 4.5).
  private static func check(
    _ address: VirtualAddress, _ tables: PageTables, _ physical: PatchedMemory, _ memory: inout KernelMemory
  ) throws(FuzzFinding) {
    // The end of the address space is given up.
    if address.rawValue > .max - 8 { return }
    var steps = 0
    let found = try? memory.translate(address) { _ in steps += 1 }
    try FuzzFinding.unless(steps <= tables.levels, "a walk of \(tables.levels) levels took \(steps) steps")
    let expected = walk(address.rawValue, tables, physical)
    try FuzzFinding.unless(
      found?.rawValue == expected,
      "\(address) is at \(found.map { "\($0)" } ?? "no place"), and by the manual at \(expected ?? .max)")
    guard let mapping = try? memory.mapping(of: address) else { return }
    try FuzzFinding.unless(
      mapping.virtual.contains(address.rawValue), "\(address) is not in \(mapping.virtual)")
  }

  private static func walk(_ address: UInt64, _ tables: PageTables, _ memory: PatchedMemory) -> UInt64? {
    let frameBits: UInt64 = 0x000f_ffff_ffff_f000 & ~tables.encryptionMask
    var table = tables.root.rawValue & ~tables.encryptionMask
    for level in (1...tables.levels).reversed() {
      let shift = UInt64(12 + 9 * (level - 1))
      guard let entry = memory.word(table &+ address >> shift & 0x1ff * 8), entry & 1 != 0 else { return nil }
      let isLarge = (level == 2 || level == 3) && entry & 0x80 != 0
      if level == 1 || isLarge {
        let inside: UInt64 = 1 << shift - 1
        return entry & frameBits & ~inside | address & inside
      }
      table = entry & frameBits
    }
    return nil
  }
}
