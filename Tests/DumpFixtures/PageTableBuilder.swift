/// Writes x86_64 page tables of 4 or 5 levels into physical memory.
final class PageTableBuilder {
  private let memory: PhysicalPages
  private let levels: Int
  private let smeMask: UInt64
  /// Physical address of the top table.
  let top: UInt64

  /// PRESENT, WRITE, ACCESSED, DIRTY.
  private static let tableBits: UInt64 = 0x63
  /// PSE at the levels that can hold a leaf above the last.
  private static let largeBit: UInt64 = 0x80
  private static let addressBits: UInt64 = 0x000f_ffff_ffff_f000

  init(memory: PhysicalPages, levels: Int, smeMask: UInt64, top: UInt64) {
    self.memory = memory
    self.levels = levels
    self.smeMask = smeMask
    self.top = top
  }

  /// Maps one leaf; `paddr` and `vaddr` are multiples of its size.
  func map(
    vaddr: UInt64, paddr: UInt64, leaf: KernelConfiguration.LeafSize, allocateTable: () -> UInt64
  ) {
    precondition(vaddr % leaf.rawValue == 0 && paddr % leaf.rawValue == 0, "a leaf is aligned to its size")
    let leafLevel = Self.level(of: leaf)
    var table = top
    for level in stride(from: levels, to: leafLevel, by: -1) {
      let entry = table + Self.index(vaddr, level: level) * 8
      let value = memory.load(entry, as: UInt64.self)
      if value & 1 != 0 {
        precondition(value & Self.largeBit == 0, "0x\(String(vaddr, radix: 16)) lies in a larger leaf")
        table = value & Self.addressBits & ~smeMask
      } else {
        table = allocateTable()
        memory.store(table | Self.tableBits | smeMask, at: entry)
      }
    }
    let large = leafLevel > 1 ? Self.largeBit : 0
    memory.store(
      paddr | Self.tableBits | large | smeMask, at: table + Self.index(vaddr, level: leafLevel) * 8)
  }

  /// Maps [paddr, paddr + size) at `vaddr` with leaves of one size, which may reach beyond both ends.
  func map(
    vaddr: UInt64, paddr: UInt64, size: UInt64, leaf: KernelConfiguration.LeafSize,
    allocateTable: () -> UInt64
  ) {
    let before = paddr % leaf.rawValue
    for offset in stride(from: 0, to: size + before, by: UInt64.Stride(leaf.rawValue)) {
      let page = vaddr - before + offset
      // Two ranges of memory may share a leaf.
      if let entry = entry(for: page, level: Self.level(of: leaf)),
        memory.load(entry, as: UInt64.self) & 1 != 0
      {
        continue
      }
      map(vaddr: page, paddr: paddr - before + offset, leaf: leaf, allocateTable: allocateTable)
    }
  }

  /// Physical address of the entry of a level (1 is the last) for `vaddr`, if the walk reaches it.
  func entry(for vaddr: UInt64, level wanted: Int) -> UInt64? {
    var table = top
    for level in stride(from: levels, to: wanted, by: -1) {
      let value = memory.load(table + Self.index(vaddr, level: level) * 8, as: UInt64.self)
      if value & 1 == 0 || value & Self.largeBit != 0 { return nil }
      table = value & Self.addressBits & ~smeMask
    }
    return table + Self.index(vaddr, level: wanted) * 8
  }

  /// The walk, as the processor does it.
  func translate(_ vaddr: UInt64) -> UInt64? {
    for level in stride(from: levels, through: 1, by: -1) {
      guard let address = entry(for: vaddr, level: level) else { return nil }
      let value = memory.load(address, as: UInt64.self)
      if value & 1 == 0 { return nil }
      if level == 1 || ((level == 2 || level == 3) && value & Self.largeBit != 0) {
        let size: UInt64 = 1 << UInt64(12 + 9 * (level - 1))
        return value & Self.addressBits & ~smeMask & ~(size - 1) | vaddr & (size - 1)
      }
    }
    return nil
  }

  private static func index(_ vaddr: UInt64, level: Int) -> UInt64 {
    vaddr >> UInt64(12 + 9 * (level - 1)) & 511
  }

  private static func level(of leaf: KernelConfiguration.LeafSize) -> Int {
    switch leaf {
    case .fourKiB: 1
    case .twoMiB: 2
    case .oneGiB: 3
    }
  }
}
