internal import Platform

/// Walks the user half of page tables and collects the frames at their leaves: pages of 4 KiB, 2 MiB and 1 GiB.
struct UserPages: ~Copyable {
  private var frames: PFNBitmap
  /// Tables that could not be read.
  private(set) var unreachable = 0
  private var reader: MemoryReader
  private let memory: PhysicalMemory
  private let levels: Int
  private let mask: UInt64

  private static let present: UInt64 = 1
  private static let huge: UInt64 = 1 << 7
  /// _PAGE_PROTNONE: nobody may touch the page, which is there; its frame stands inverted (L1TF).
  private static let forbidden: UInt64 = 1 << 8
  private static let frameMask: UInt64 = (1 << 52 - 1) & ~0xfff

  init(_ kernel: CrashedKernel, _ memory: PhysicalMemory) throws(SystemError) {
    let frames = try PFNBitmap(maxMapNumber: memory.frames.maxMapNumber)
    let reader = try MemoryReader.scattered(memory)
    self.frames = frames
    self.reader = reader
    self.memory = memory
    levels = kernel.tables.levels
    mask = kernel.tables.encryptionMask
  }

  /// Adds what a process's top table maps below the kernel's half.
  mutating func add(_ top: PhysicalAddress) {
    visit(top, level: levels, entries: 0..<256)
  }

  consuming func takeFrames() -> PFNBitmap { frames }

  private mutating func visit(_ table: PhysicalAddress, level: Int, entries: Range<Int>) {
    for index in entries {
      guard let entry = try? reader.word(table + index * 8) else {
        unreachable += 1
        return
      }
      let isPresent = entry & Self.present != 0
      guard isPresent || entry & Self.forbidden != 0 else { continue }
      let frame = (isPresent ? entry : ~entry) & Self.frameMask & ~mask
      if level == 1 || (level <= 3 && entry & Self.huge != 0) {
        let count = 1 << (9 * (level - 1))
        let first = PFN(frame >> memory.geometry.shift & ~UInt64(count - 1))
        guard first.rawValue < memory.frames.maxMapNumber else { continue }
        frames.insert(first..<first.advanced(by: count))
      } else if isPresent {
        visit(PhysicalAddress(frame), level: level - 1, entries: 0..<512)
      }
    }
  }
}
