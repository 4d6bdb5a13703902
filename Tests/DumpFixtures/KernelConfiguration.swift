/// What a synthetic kernel is to look like.
public struct KernelConfiguration: Sendable {
  public enum MemoryModel: Sendable, CaseIterable {
    /// mem_section is an array of pointers to pages of sections.
    case sparsememExtreme
    /// mem_section is one array of sections in the kernel image.
    case sparsemem
    /// mem_map is one array of all `struct page`.
    case flatmem
  }

  /// What a leaf of the page tables maps.
  public enum LeafSize: UInt64, Sendable, CaseIterable {
    case fourKiB = 0x1000
    case twoMiB = 0x20_0000
    case oneGiB = 0x4000_0000
  }

  public enum MemMapPlacement: Sendable, CaseIterable {
    /// One virtual array of all `struct page`, mapped where memory is.
    case vmemmap
    /// Each section's array lies in the direct map.
    case directMap
  }

  public var generation: KernelGeneration
  public var memoryModel = MemoryModel.sparsememExtreme
  /// FLATMEM has its array in the direct map whatever this says.
  public var memMapPlacement = MemMapPlacement.vmemmap
  /// 4 or 5.
  public var levels = 4
  public var directMapLeaf = LeafSize.twoMiB
  /// 4 KiB leaves are given physical pages in a scattered order.
  public var vmemmapLeaf = LeafSize.fourKiB
  public var textLeaf = LeafSize.twoMiB
  /// NUMBER(sme_mask): set in the page-table entries of every level.
  public var smeMask: UInt64 = 0
  /// KERNELOFFSET, a multiple of 2 MiB.
  public var kaslrOffset: UInt64 = 0
  /// Moves the direct map and vmemmap, a multiple of 1 GiB.
  public var regionOffset: UInt64 = 0
  /// The memory that tests set pages of, in pfns; the kernel's own memory comes behind it.
  public var ram: [Range<UInt64>] = [0..<1024]
  /// Pages of the kernel image beyond those that the fixture needs itself.
  public var spareImagePages: UInt64 = 8
  /// SIZE(mem_section): 16, or 32 with page extensions.
  public var sectionStructSize: UInt64 = 32
  /// Flag bits of section_mem_map beyond the generation's own, such as bit 5.
  public var extraSectionFlags: UInt64 = 0
  public var cpus = 1
  /// CRASHTIME.
  public var crashTime: UInt64 = 1_700_000_000
  /// Whether pages of `ram` read as a pattern of their pfn where nothing else was stored, or as zeros.
  public var patternedMemory = true
  /// Seeds the order of scattered pages.
  public var seed: UInt64 = 1

  public init(_ generation: KernelGeneration = .v6_1) {
    self.generation = generation
  }

  /// MAX_PHYSMEM_BITS: 46, with five levels of page tables 52.
  public var maxPhysmemBits: UInt64 { levels == 5 ? 52 : 46 }

  /// NR_MEM_SECTIONS.
  public var memorySections: UInt64 { 1 << (maxPhysmemBits - UInt64(KernelGeneration.sectionSizeBits)) }

  /// SECTIONS_PER_ROOT of SPARSEMEM_EXTREME.
  public var sectionsPerRoot: UInt64 { 4096 / sectionStructSize }

  /// NR_SECTION_ROOTS of SPARSEMEM_EXTREME.
  public var rootCount: UInt64 { memorySections / sectionsPerRoot }
}
