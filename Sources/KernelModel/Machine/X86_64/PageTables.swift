public import DumpMemory

/// The crashed kernel's page tables: x86_64, four or five levels.
///
/// Intel SDM volume 3, 4.5; the encryption bit is AMD's APM volume 2, 7.10.
public struct PageTables: Sendable {
  /// Physical address of the top table (`init_top_pgt`).
  public let root: PhysicalAddress
  /// 4, or 5 with `pgtable_l5_enabled`.
  public let levels: Int
  /// The bit that says "encrypted" in an entry (`sme_me_mask`), 0 without encryption.
  public let encryptionMask: UInt64

  /// MAX_PHYSMEM_BITS of kernels before 5.9, which do not export it (arch/x86/include/asm/sparsemem.h).
  var usualAddressBits: Int64 { levels == 5 ? 52 : 46 }

  public init(root: PhysicalAddress, levels: Int, encryptionMask: UInt64) {
    self.root = root
    self.levels = levels
    self.encryptionMask = encryptionMask
  }

  /// What the last entry of a walk maps.
  struct Leaf {
    /// The stretch of virtual addresses around the one that was asked for, which is always in it.
    let virtual: Range<UInt64>
    let physical: PhysicalAddress
    /// Whether the entry has the encryption bit.
    let isEncrypted: Bool
  }

  /// An entry that a walk comes by.
  public struct Step: Sendable {
    /// 1 for the last table.
    public let level: Int
    public let place: PhysicalAddress
    public let entry: UInt64
  }

  /// Walks the tables from the top.
  ///
  /// - Parameter visit: gets each entry, one that is not present too.
  /// - Throws: ``VmcoreError/unmapped(_:level:)`` at an entry that is not present, or the error of reading
  ///   a table.
  func leaf(
    _ address: VirtualAddress, by reader: inout MemoryReader, visit: (Step) -> Void = { _ in }
  ) throws(VmcoreError) -> Leaf {
    var table = PhysicalAddress(root.rawValue & ~encryptionMask)
    var level = levels
    while true {
      let shift = UInt64(12 + 9 * (level - 1))
      let index = address.rawValue >> shift & 0x1ff
      let place = table + Int(index * 8)
      let entry = PageTableEntry(try reader.word(place))
      visit(Step(level: level, place: place, entry: entry.rawValue))
      guard entry.isPresent else { throw .unmapped(address, level: level) }
      let frame = entry.frame(without: encryptionMask)
      if entry.isLeaf(level: level) {
        let size: UInt64 = 1 << shift
        let start = address.rawValue & ~(size - 1)
        // The last page of the address space has no end that fits: its last byte is given up, and nothing maps it.
        let virtual = start..<max(start &+ size, start + (size - 1))
        guard virtual.contains(address.rawValue) else { throw .unmapped(address, level: level) }
        return Leaf(
          virtual: virtual, physical: PhysicalAddress(frame & ~(size - 1)),
          isEncrypted: entry.rawValue & encryptionMask != 0)
      }
      table = PhysicalAddress(frame)
      level -= 1
    }
  }
}
