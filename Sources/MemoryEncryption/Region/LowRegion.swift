public import DumpMemory

/// The memory that went through the kdump backup: its bytes as the dump has them, and what is known about it.
public struct LowRegion: Sendable {
  /// Of the first byte; a multiple of 16.
  public let start: PhysicalAddress
  /// The whole blocks of the region.
  public let blocks: [Block]
  /// By page, the page of ``start`` first.
  public private(set) var attributes: [PageAttribute]
  /// Pages that the kernel kept reserved from boot on, counted from that of ``start``: it has nothing in them.
  public private(set) var reserved: Set<Int> = []
  /// Pages that are tables of the kernel's own page tables, counted from that of ``start``.
  public private(set) var kernelTables: Set<Int> = []
  /// Pages that are tables of processes' page tables only.
  public private(set) var processTables: Set<Int> = []
  /// The C-bit in their entries.
  public var encryptionMask: UInt64 = 0
  /// The likeliest first; none if nobody said where the backup lies.
  public var backups: [BackupCandidate] = []
  public var slabs: [LowSlab] = []
  /// Where the kernel's pointers point to: its direct map of the memory that there is, its own image. Without them no
  /// word counts as a kernel address.
  public var pointerTargets: [Range<UInt64>] = []

  /// SME is x86_64's: a constant here, since loops over all blocks ask for it.
  public static let pageBytes: UInt64 = 4096
  static let blocksPerPage = 256
  /// Backups hold conventional memory below 640 KiB; everything here thinks in 20 address bits.
  public static let limit: UInt64 = 1 << 20

  /// - Parameters:
  ///   - bytes: as read; a rest of less than a block at the end is left out.
  ///   - start: a multiple of 16.
  ///   - attribute: of all pages; ``setAttribute(_:ofPageAt:)`` changes single ones.
  /// - Returns: nil if the region does not lie below 1 MiB, or starts inside a block.
  public init?(bytes: RawSpan, start: PhysicalAddress, attribute: PageAttribute = .unknown) {
    let count = bytes.byteCount / Block.byteCount
    guard start.rawValue % 16 == 0, start.rawValue <= LowRegion.limit,
      UInt64(bytes.byteCount) <= LowRegion.limit - start.rawValue
    else { return nil }
    self.start = start
    var blocks: [Block] = []
    blocks.reserveCapacity(count)
    for index in 0..<count { blocks.append(bytes.block(index)) }
    self.blocks = blocks
    let end = start.rawValue + UInt64(count * Block.byteCount)
    let pages = count == 0 ? 0 : (end - 1) / LowRegion.pageBytes - start.rawValue / LowRegion.pageBytes + 1
    attributes = [PageAttribute](repeating: attribute, count: Int(pages))
  }

  public var pageCount: Int { attributes.count }

  /// Says how the first kernel had mapped the page that holds an address; addresses outside are ignored.
  public mutating func setAttribute(_ attribute: PageAttribute, ofPageAt address: PhysicalAddress) {
    guard let page = page(of: address) else { return }
    attributes[page] = attribute
  }

  /// Says which frames the kernel kept from its allocator; those outside are ignored.
  public mutating func setReserved(_ frames: Set<PFN>) { reserved = pages(of: frames) }

  /// Says which frames are page tables; those outside are ignored.
  public mutating func setTables(ofKernel kernel: Set<PFN>, ofProcesses processes: Set<PFN> = []) {
    kernelTables = pages(of: kernel)
    processTables = pages(of: processes).subtracting(kernelTables)
  }

  private func pages(of frames: Set<PFN>) -> Set<Int> {
    Set(frames.compactMap { page(of: PhysicalAddress($0.rawValue * LowRegion.pageBytes)) })
  }

  /// The page that holds an address, counted from the region's first.
  public func page(of address: PhysicalAddress) -> Int? {
    let first = start.rawValue / LowRegion.pageBytes
    let number = address.rawValue / LowRegion.pageBytes
    guard number >= first, number - first < UInt64(pageCount) else { return nil }
    return Int(number - first)
  }

  /// Where a page begins, even if the region begins later.
  public func address(ofPage page: Int) -> PhysicalAddress {
    PhysicalAddress((start.rawValue / LowRegion.pageBytes + UInt64(page)) * LowRegion.pageBytes)
  }

  /// The blocks of a page that the region holds.
  func blockRange(ofPage page: Int) -> Range<Int> {
    let skipped = Int(start.rawValue % LowRegion.pageBytes) / Block.byteCount
    let first = page * LowRegion.blocksPerPage - skipped
    return max(first, 0)..<min(first + LowRegion.blocksPerPage, blocks.count)
  }

  /// The place of a block in its page: 0 to 255.
  func placeInPage(_ block: Int) -> Int {
    (block + Int(start.rawValue % LowRegion.pageBytes) / Block.byteCount) % LowRegion.blocksPerPage
  }

  /// The aligned 64-bit word at an address; nil outside.
  func word(at address: UInt64) -> UInt64? {
    guard address >= start.rawValue, address % 8 == 0 else { return nil }
    let offset = address - start.rawValue
    let index = Int(offset / 16)
    guard index < blocks.count else { return nil }
    return offset % 16 == 0 ? blocks[index].low : blocks[index].high
  }

  /// That word once a constant is taken off.
  func word(at address: UInt64, without constant: Block) -> UInt64? {
    word(at: address).map { $0 ^ (address % 16 == 0 ? constant.low : constant.high) }
  }
}
