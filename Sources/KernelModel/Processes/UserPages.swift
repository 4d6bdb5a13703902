internal import DumpMemory
internal import Platform

/// Walks the user half of page tables and collects the frames at their leaves: pages of 4 KiB, 2 MiB and 1 GiB.
struct UserPages: ~Copyable {
  private var frames: PFNBitmap
  /// Tables that were walked, by their level: processes share some, and broken ones lead back to themselves.
  private var visited: [Set<PFN>]
  /// Tables that could not be read.
  private(set) var unreachable = 0
  private var reader: MemoryReader
  private let memory: PhysicalMemory
  private let levels: Int
  private let mask: UInt64
  private let machine: Machine

  /// _PAGE_PROTNONE: nobody may touch the page, which is there; its frame stands inverted (L1TF).
  private static let forbidden: UInt64 = 1 << 8

  init(_ kernel: Kernel) throws(SystemError) {
    let memory = kernel.physical
    let frames = try PFNBitmap(maxMapNumber: memory.frames.maxMapNumber)
    let reader = try MemoryReader.scattered(memory)
    self.frames = frames
    self.reader = reader
    self.memory = memory
    levels = kernel.tables.levels
    visited = [Set<PFN>](repeating: [], count: kernel.tables.levels + 1)
    mask = kernel.tables.encryptionMask
    machine = kernel.machine
  }

  /// Adds what a process's top table maps below the kernel's half.
  mutating func add(_ top: PhysicalAddress) {
    visit(top, level: levels, entries: 0..<machine.entriesOfProcess)
  }

  consuming func takeFrames() -> PFNBitmap { frames }

  private mutating func visit(_ table: PhysicalAddress, level: Int, entries: Range<Int>) {
    guard visited[level].insert(memory.geometry.pfn(of: table)).inserted else { return }
    for index in entries {
      guard let word = try? reader.word(table + index * 8) else {
        unreachable += 1
        return
      }
      let entry = PageTableEntry(word)
      guard entry.isPresent || word & Self.forbidden != 0 else { continue }
      let frame = (entry.isPresent ? entry : PageTableEntry(~word)).frame(without: mask)
      if entry.isLeaf(level: level) {
        let count = 1 << (9 * (level - 1))
        let first = PFN(frame >> memory.geometry.shift & ~UInt64(count - 1))
        guard first.rawValue < memory.frames.maxMapNumber else { continue }
        frames.insert(first..<first.advanced(by: count))
      } else if entry.isPresent {
        visit(PhysicalAddress(frame), level: level - 1, entries: 0..<machine.entriesPerTable)
      }
    }
  }
}
