extension KernelGeneration {
  /// One kernel of each layout, oldest first.
  public static let all: [KernelGeneration] = [
    v3_10, v3_17, v4_4, v4_6, v4_14, v4_17, v4_18, v5_1, v5_10, v6_1, v6_3, v6_6, v6_9, v6_10, v6_11, v6_12,
    v6_16, v7_1,
  ]

  // MARK: struct page

  /// 3.10 to 4.3: {flags, mapping, index, counters, lru, private}; no word marks a tail, PG_tail does.
  private static let listOffsets = PageOffsets(
    refcount: 28, mapping: 8, lru: 32, mapcount: 24, privateWord: 48)
  /// 4.4 to 4.17: as before, with compound_head in the place of lru.next.
  private static let headInListOffsets = PageOffsets(
    refcount: 28, mapping: 8, lru: 32, mapcount: 24, privateWord: 48, compoundHead: 32)
  /// From 4.18: {flags, lru, mapping, index, private, _mapcount, _refcount}.
  private static let modernOffsets = PageOffsets(
    refcount: 52, mapping: 24, lru: 8, mapcount: 48, privateWord: 40, compoundHead: 8)

  // MARK: page flags

  private static let flags3_10 = PageFlagBits(
    referenced: 2, uptodate: 3, dirty: 4, lru: 5, active: 6, reserved: 10, privateBit: 11, head: 14, tail: 15,
    swapcache: 16, swapbacked: 19, slab: 7, hwpoison: 23)
  private static let flags4_4 = PageFlagBits(
    referenced: 2, uptodate: 3, dirty: 4, lru: 5, active: 6, reserved: 10, privateBit: 11, head: 14,
    swapcache: 15, swapbacked: 18, slab: 7, hwpoison: 22)
  private static let flags4_14 = PageFlagBits(
    referenced: 2, uptodate: 3, dirty: 4, lru: 5, active: 6, waiters: 7, reserved: 11, privateBit: 12,
    head: 15,
    swapcache: 9, swapbacked: 18, slab: 8, hwpoison: 22)
  private static let flags5_1 = PageFlagBits(
    referenced: 1, uptodate: 2, dirty: 3, lru: 4, active: 5, waiters: 7, reserved: 12, privateBit: 13,
    head: 16,
    swapcache: 10, swapbacked: 19, slab: 9, hwpoison: 23)
  private static let flags6_6 = PageFlagBits(
    referenced: 2, uptodate: 3, dirty: 4, lru: 5, active: 8, waiters: 7, reserved: 14, privateBit: 15,
    head: 6,
    swapcache: 12, swapbacked: 19, slab: 11, hwpoison: 23)
  private static let flags6_10 = PageFlagBits(
    referenced: 2, uptodate: 3, dirty: 4, lru: 5, active: 8, waiters: 7, reserved: 13, privateBit: 14,
    head: 6,
    swapcache: 11, swapbacked: 18, slab: nil, hwpoison: 21)
  private static let flags6_12 = PageFlagBits(
    referenced: 2, uptodate: 3, dirty: 4, lru: 5, active: 8, waiters: 7, reserved: 13, privateBit: 14,
    head: 6,
    swapcache: 10, swapbacked: 17, slab: nil, hwpoison: 20)

  // MARK: page types

  /// A magic number of `_mapcount` before 4.18.
  private static let magicTypes = PageTypes(buddy: -128)
  /// One cleared bit for each type, below 16 bits of mapcount reserve.
  private static let types4_18 = PageTypes(buddy: ~0x80)
  private static let types5_1 = PageTypes(buddy: ~0x80, offline: ~0x100)
  private static let types6_9 = PageTypes(buddy: ~0x80, offline: ~0x100, hugetlb: ~0x800)
  private static let types6_10 = PageTypes(buddy: ~0x80, offline: ~0x100, hugetlb: ~0x800, slab: ~0x1000)
  /// The same with the bits at the top of the word.
  private static let types6_11 = PageTypes(
    buddy: ~0x4000_0000, offline: ~0x2000_0000, hugetlb: ~0x0400_0000, slab: ~0x0200_0000)
  /// One number in the top byte.
  private static let types6_12 = PageTypes(
    buddy: Int32(bitPattern: 0xf000_0000), offline: Int32(bitPattern: 0xf100_0000),
    hugetlb: Int32(bitPattern: 0xf400_0000), slab: Int32(bitPattern: 0xf500_0000), onlyTopByteCounts: true)
  private static let types6_16 = PageTypes(
    buddy: Int32(bitPattern: 0xf000_0000), offline: Int32(bitPattern: 0xf100_0000),
    hugetlb: Int32(bitPattern: 0xf400_0000), slab: Int32(bitPattern: 0xf500_0000),
    unaccepted: Int32(bitPattern: 0xf700_0000), onlyTopByteCounts: true)

  // MARK: the generations

  public static let v3_10 = KernelGeneration(
    version: Version(3, 10), release: "3.10.108", offsets: listOffsets, flags: flags3_10,
    compound: .listWords,
    types: magicTypes)
  public static let v3_17 = KernelGeneration(
    version: Version(3, 17), release: "3.17.8", offsets: listOffsets, flags: flags3_10, compound: .listWords,
    types: magicTypes)
  public static let v4_4 = KernelGeneration(
    version: Version(4, 4), release: "4.4.302", offsets: headInListOffsets, flags: flags4_4,
    compound: .halfWords(destructor: 40, order: 42), types: magicTypes)
  public static let v4_6 = KernelGeneration(
    version: Version(4, 6), release: "4.6.7", offsets: headInListOffsets, flags: flags4_4,
    compound: .halfWords(destructor: 40, order: 44), types: magicTypes)
  public static let v4_14 = KernelGeneration(
    version: Version(4, 14), release: "4.14.336", offsets: headInListOffsets, flags: flags4_14,
    compound: .halfWords(destructor: 40, order: 44), types: magicTypes)
  public static let v4_17 = KernelGeneration(
    version: Version(4, 17), release: "4.17.19", offsets: headInListOffsets, flags: flags4_14,
    compound: .bytes(destructor: 40, order: 41), types: magicTypes)
  public static let v4_18 = KernelGeneration(
    version: Version(4, 18), release: "4.18.0-553.el8.x86_64", offsets: modernOffsets, flags: flags4_14,
    compound: .bytes(destructor: 16, order: 17), types: types4_18)
  public static let v5_1 = KernelGeneration(
    version: Version(5, 1), release: "5.1.21", offsets: modernOffsets, flags: flags5_1,
    compound: .bytes(destructor: 16, order: 17), types: types5_1)
  public static let v5_10 = KernelGeneration(
    version: Version(5, 10), release: "5.10.0-35-amd64", offsets: modernOffsets, flags: flags5_1,
    compound: .bytes(destructor: 16, order: 17), types: types5_1)
  public static let v6_1 = KernelGeneration(
    version: Version(6, 1), release: "6.1.0-56-amd64", offsets: modernOffsets, flags: flags5_1,
    compound: .bytes(destructor: 16, order: 17), types: types5_1)
  public static let v6_3 = KernelGeneration(
    version: Version(6, 3), release: "6.3.13", offsets: modernOffsets, flags: flags5_1,
    compound: .folioBytes(destructor: 80, order: 81), types: types5_1)
  public static let v6_6 = KernelGeneration(
    version: Version(6, 6), release: "6.6.90", offsets: modernOffsets, flags: flags6_6,
    compound: .flagsByte(hugetlbBit: 8), types: types5_1)
  public static let v6_9 = KernelGeneration(
    version: Version(6, 9), release: "6.9.12", offsets: modernOffsets, flags: flags6_6, compound: .pageType,
    types: types6_9)
  public static let v6_10 = KernelGeneration(
    version: Version(6, 10), release: "6.10.14", offsets: modernOffsets, flags: flags6_10,
    compound: .pageType,
    types: types6_10)
  public static let v6_11 = KernelGeneration(
    version: Version(6, 11), release: "6.11.11", offsets: modernOffsets, flags: flags6_10,
    compound: .pageType,
    types: types6_11)
  public static let v6_12 = KernelGeneration(
    version: Version(6, 12), release: "6.12.117+deb12-amd64", offsets: modernOffsets, flags: flags6_12,
    compound: .pageType, types: types6_12)
  public static let v6_16 = KernelGeneration(
    version: Version(6, 16), release: "6.16.12", offsets: modernOffsets, flags: flags6_12,
    compound: .pageType,
    types: types6_16)
  public static let v7_1 = KernelGeneration(
    version: Version(7, 1), release: "7.1.0", offsets: modernOffsets, flags: flags6_12, compound: .pageType,
    types: types6_16)
}
