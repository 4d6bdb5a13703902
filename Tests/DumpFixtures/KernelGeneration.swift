/// How one generation of x86_64 kernels lays out `struct page` and what it says of it in VMCOREINFO.
///
/// The values are those of a distribution's configuration: SPARSEMEM_VMEMMAP, MEMORY_FAILURE, HUGETLB_PAGE.
public struct KernelGeneration: Sendable, CustomStringConvertible {
  /// A kernel release, comparable.
  public struct Version: Sendable, Comparable {
    public let major: Int
    public let minor: Int

    public init(_ major: Int, _ minor: Int) {
      self.major = major
      self.minor = minor
    }

    public static func < (a: Version, b: Version) -> Bool {
      (a.major, a.minor) < (b.major, b.minor)
    }
  }

  /// Byte offsets of the members of `struct page`, whose size is 64 in all generations.
  public struct PageOffsets: Sendable {
    public var flags = 0
    /// `_count` before 4.7, then `_refcount`.
    public var refcount: Int
    public var mapping: Int
    public var lru: Int
    public var mapcount: Int
    public var privateWord: Int
    /// `compound_head` (4.4 to 7.0) or `compound_info` (7.1), the word whose bit 0 marks a tail.
    public var compoundHead: Int?
  }

  /// Bit numbers of the page flags that a filter looks at, and of some that it must not trip over.
  public struct PageFlagBits: Sendable {
    public var referenced: Int
    public var uptodate: Int
    public var dirty: Int
    public var lru: Int
    public var active: Int
    /// PG_waiters, from 4.10; bit 7 ever since.
    public var waiters: Int?
    public var reserved: Int
    public var privateBit: Int
    public var head: Int
    /// PG_tail, before 4.4.
    public var tail: Int?
    public var swapcache: Int
    public var swapbacked: Int
    /// PG_slab, until 6.9.
    public var slab: Int?
    public var hwpoison: Int
  }

  /// Where a compound page keeps its order and what tells hugetlb pages from others.
  public enum CompoundEncoding: Sendable, Equatable {
    /// Before 4.4: the next page's lru.prev is the order, lru.next the address of the destructor.
    case listWords
    /// 4.4 to 4.15: 16-bit numbers in the next page at these offsets.
    case halfWords(destructor: Int, order: Int)
    /// 4.16 to 6.2: bytes in the next page at these offsets.
    case bytes(destructor: Int, order: Int)
    /// 6.3 to 6.5: bytes at these offsets of `struct folio`, whose second page begins at SIZE(page).
    case folioBytes(destructor: Int, order: Int)
    /// 6.6 to 6.8: the order is the low byte of the next page's flags, hugetlb a bit of the same word.
    case flagsByte(hugetlbBit: Int)
    /// From 6.9: the order is the low byte of the next page's flags, hugetlb a page type of the head.
    case pageType
  }

  /// Numbers that `_mapcount` (since 4.18 `page_type`) holds for pages that nobody maps.
  public struct PageTypes: Sendable {
    public var buddy: Int32
    /// PG_offline, from 5.1.
    public var offline: Int32?
    /// From 6.9.
    public var hugetlb: Int32?
    /// From 6.10, when PG_slab ceased to be a flag.
    public var slab: Int32?
    /// Exported from 6.16.
    public var unaccepted: Int32?
    /// From 6.12 the type is the top byte, and the low 24 bits are the owner's.
    public var onlyTopByteCounts = false
  }

  public var version: Version
  /// OSRELEASE and utsname.release.
  public var release: String
  public var offsets: PageOffsets
  public var flags: PageFlagBits
  public var compound: CompoundEncoding
  public var types: PageTypes

  public var description: String { "\(version.major).\(version.minor)" }

  /// SIZE(page).
  public static let pageStructSize = 64
  /// HUGETLB_PAGE_DTOR, 4.4 to 6.5, third of the kernel's table of destructors.
  public static let hugetlbDestructor = 2
  public static let compoundDestructor = 1
  /// LENGTH(zone.free_area): orders 0 to 10.
  public static let freeAreaLength = 11
  /// SECTION_SIZE_BITS of x86_64: 128 MiB.
  public static let sectionSizeBits = 27
  public static let pagesPerSection: UInt64 = 1 << UInt64(sectionSizeBits - 12)

  // MARK: what the generation exports

  /// PG_head_mask and free_huge_page came with 3.17, PG_hwpoison with 3.13.
  public var exportsHeadMask: Bool { version >= Version(3, 17) }
  public var exportsHwpoison: Bool { version >= Version(3, 13) }
  /// PG_swapbacked came with 4.17; before that, it is six bits above PG_private.
  public var exportsSwapbacked: Bool { version >= Version(4, 17) }
  /// OFFSET(page.compound_head) came with 4.6, though 4.4 and 4.5 have the member already.
  public var exportsCompoundHead: Bool { version >= Version(4, 6) }
  /// PG_swapcache became an alias of PG_owner_priv_1 in 4.10, which other pages use too.
  public var swapcacheIsAliased: Bool { version >= Version(4, 10) }
  /// The name of the reference count's member.
  public var refcountName: String { version >= Version(4, 7) ? "_refcount" : "_count" }
  public var topTableSymbol: String { version >= Version(4, 13) ? "init_top_pgt" : "init_level4_pgt" }
  /// Until 4.14 `mem_section` is an array in the kernel image, from 4.15 it is allocated.
  public var hasStaticSectionRoots: Bool { version < Version(4, 15) }
  /// The name member's offset in `struct uts_namespace`: behind a 4-byte kref before 5.11.
  public var utsNameOffset: Int { version >= Version(5, 11) ? 0 : 4 }

  /// The flag bits that an online boot-time section has in section_mem_map:
  /// PRESENT, HAS_MEM_MAP, ONLINE from 4.13, EARLY from 5.3.
  public var sectionFlags: UInt64 {
    if version >= Version(5, 3) { return 0b1111 }
    return version >= Version(4, 13) ? 0b0111 : 0b0011
  }

  /// PAGE_OFFSET without KASLR: moved in 4.20, when the LDT remap area changed places with it.
  public func pageOffset(levels: Int) -> UInt64 {
    if levels == 5 {
      return version >= Version(4, 20) ? 0xff11_0000_0000_0000 : 0xff10_0000_0000_0000
    }
    return version >= Version(4, 20) ? 0xffff_8880_0000_0000 : 0xffff_8800_0000_0000
  }

  /// VMEMMAP_START without KASLR.
  public func vmemmap(levels: Int) -> UInt64 {
    levels == 5 ? 0xffd4_0000_0000_0000 : 0xffff_ea00_0000_0000
  }
}
