public import DumpMemory
internal import Platform

/// The frames that hold page tables: those of every table that was walked to.
///
/// The memory that it needs is that of a set with one bit a frame, whatever the tables hold. Tables of the lowest level
/// are not read: those above name them.
public struct PageTableFrames: ~Copyable {
  /// Which table a walk begins with.
  public enum Root: Sendable {
    /// The kernel's own: what it says is believed.
    case kernel
    /// A process's: an entry that leads on must say "encrypted", as all that the kernel makes do.
    case process
  }

  public private(set) var frames: PFNBitmap
  /// Entries that lead to tables which the dump does not hold.
  public private(set) var unreachable = 0
  private var reader: MemoryReader
  /// A table of each level, as they are walked through one below the other.
  private var tables: MappedBuffer
  private let memory: PhysicalMemory
  private let format: PageTableFormat
  private let mask: UInt64

  public init(_ kernel: Kernel) throws(VmcoreError) {
    let memory = kernel.physical
    let frames = try VmcoreError.wrapping { () throws(SystemError) in
      try PFNBitmap(maxMapNumber: memory.frames.maxMapNumber)
    }
    let reader = try VmcoreError.wrapping { () throws(SystemError) in try MemoryReader.scattered(memory) }
    let size = memory.geometry.size
    let format = kernel.tables.format
    let tables = try VmcoreError.wrapping { () throws(SystemError) in
      try MappedBuffer(byteCount: format.levels * size)
    }
    self.tables = tables
    self.frames = frames
    self.reader = reader
    self.memory = memory
    self.format = format
    mask = kernel.tables.encryptionMask
  }

  /// Adds a top table and all tables below it that are not known yet.
  public mutating func add(_ table: PhysicalAddress, _ root: Root) {
    visit(memory.geometry.pfn(of: table), level: format.levels, root: root)
  }

  /// The frames, when all tables are added.
  public consuming func takeFrames() -> PFNBitmap { frames }

  private mutating func visit(_ table: PFN, level: Int, root: Root) {
    guard memory.frames.contains(table) else {
      unreachable += 1
      return
    }
    // Tables are shared, and broken ones may form a ring.
    guard frames.insert(table), level > 1 else { return }
    let start = (level - 1) * memory.geometry.size
    let range = start..<start + memory.geometry.size
    guard (try? Self.read(memory.geometry.address(of: table), into: &tables, in: range, by: &reader)) != nil
    else {
      frames.remove(table)
      unreachable += 1
      return
    }
    for index in 0..<format.entryCount(level: level) {
      let entry: UInt64 = tables.bytes.littleEndian(at: start + index * 8) ?? 0
      guard format.isPresent(entry, level: level), !format.isLeaf(entry, level: level) else { continue }
      if root == .process && entry & mask == 0 { continue }
      visit(memory.geometry.pfn(of: PhysicalAddress(format.frame(entry))), level: level - 1, root: root)
    }
  }

  private static func read(
    _ address: PhysicalAddress, into tables: inout MappedBuffer, in range: Range<Int>,
    by reader: inout MemoryReader
  ) throws(VmcoreError) {
    var bytes = tables.mutableBytes(in: range)
    try reader.read(address, into: &bytes)
  }
}
