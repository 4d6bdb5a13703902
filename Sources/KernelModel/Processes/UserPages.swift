internal import DumpMemory
internal import Platform

/// Walks the user part of page tables and collects the frames at their leaves: pages and blocks of every size.
struct UserPages: ~Copyable {
  private var frames: PFNBitmap
  /// Tables that were walked, by their level: processes share some, and broken ones lead back to themselves. Top tables may be
  /// smaller than a page.
  private var visited: [Set<PhysicalAddress>]
  /// Tables that could not be read.
  private(set) var unreachable = 0
  private var reader: MemoryReader
  private let memory: PhysicalMemory
  private let format: PageTableFormat
  /// Entries of a process's top table that are its own.
  private let ownEntries: Int

  init(_ kernel: Kernel) throws(SystemError) {
    let memory = kernel.physical
    let frames = try PFNBitmap(maxMapNumber: memory.frames.maxMapNumber)
    let reader = try MemoryReader.scattered(memory)
    self.frames = frames
    self.reader = reader
    self.memory = memory
    let format = kernel.tables.format
    visited = [Set<PhysicalAddress>](repeating: [], count: format.levels + 1)
    ownEntries = format.entryCount(level: format.levels) / (kernel.machine.sharesTopTable ? 2 : 1)
    self.format = format
  }

  /// Adds what a process's top table maps, but for the kernel's half of it.
  mutating func add(_ top: PhysicalAddress) {
    visit(top, level: format.levels, entries: 0..<ownEntries)
  }

  consuming func takeFrames() -> PFNBitmap { frames }

  private mutating func visit(_ table: PhysicalAddress, level: Int, entries: Range<Int>) {
    guard visited[level].insert(table).inserted else { return }
    for index in entries {
      guard let entry = try? reader.word(table + index * 8) else {
        unreachable += 1
        return
      }
      let isPresent = format.isPresent(entry, level: level)
      guard let frame = isPresent ? format.frame(entry) : format.forbiddenFrame(entry, level: level) else {
        continue
      }
      if !isPresent || format.isLeaf(entry, level: level) {
        let count = 1 << Int(format.shift(level: level) - format.pageShift)
        let first = PFN(frame >> memory.geometry.shift & ~UInt64(count - 1))
        guard first.rawValue < memory.frames.maxMapNumber else { continue }
        frames.insert(first..<first.advanced(by: count))
      } else {
        visit(
          PhysicalAddress(frame), level: level - 1, entries: 0..<format.entryCount(level: level - 1))
      }
    }
  }
}
