public import DumpMemory

/// The crashed kernel's page tables.
public struct PageTables: Sendable {
  /// Physical address of the top table (`init_top_pgt`, `swapper_pg_dir`).
  public let root: PhysicalAddress
  let format: PageTableFormat
  /// The bit that says "encrypted" in an entry (`sme_me_mask`), 0 without encryption.
  public let encryptionMask: UInt64

  /// Levels of tables: 2 to 5.
  public var levels: Int { format.levels }

  /// Tables of x86_64.
  ///
  /// - Parameter levels: 4, or 5 with `pgtable_l5_enabled`.
  public init(root: PhysicalAddress, levels: Int, encryptionMask: UInt64) {
    self.root = root
    self.encryptionMask = encryptionMask
    format = .x86_64(levels: levels, encryptionMask: encryptionMask)
  }

  /// Tables of a machine that has no encryption bit in them.
  init(root: PhysicalAddress, format: PageTableFormat) {
    self.root = root
    self.format = format
    encryptionMask = 0
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
    guard format.canTranslate(address.rawValue) else { throw .unmapped(address, level: level) }
    while true {
      let place = table + Int(format.index(address.rawValue, level: level) * 8)
      let entry = try reader.word(place)
      visit(Step(level: level, place: place, entry: entry))
      guard format.isPresent(entry, level: level) else { throw .unmapped(address, level: level) }
      let frame = format.frame(entry)
      if format.isLeaf(entry, level: level) {
        let size: UInt64 = 1 << format.shift(level: level)
        let start = address.rawValue & ~(size - 1)
        // The last page of the address space has no end that fits: its last byte is given up, and nothing maps it.
        let virtual = start..<max(start &+ size, start + (size - 1))
        guard virtual.contains(address.rawValue) else { throw .unmapped(address, level: level) }
        return Leaf(
          virtual: virtual, physical: PhysicalAddress(frame & ~(size - 1)),
          isEncrypted: entry & encryptionMask != 0)
      }
      table = PhysicalAddress(frame)
      level -= 1
    }
  }
}
