/// How an architecture lays its page tables out, as far as a walk goes by it.
struct PageTableFormat: Sendable {
  /// What an entry is made of.
  private enum Entries {
    /// - Parameter mask: the encryption bit; 0 without.
    case x86_64(mask: UInt64)
    case arm64(ARM64Descriptors)
  }

  private let entries: Entries
  /// Bits of an address that lie inside of a page.
  let pageShift: UInt64
  /// Bits of an address that a table is indexed with.
  let indexBits: UInt64
  /// Bits of an address that are translated.
  let addressBits: UInt64

  /// Levels of tables.
  var levels: Int { Int((addressBits - pageShift + indexBits - 1) / indexBits) }

  /// x86_64: Intel SDM volume 3, 4.5; the encryption bit is AMD's APM volume 2, 7.10.
  static func x86_64(levels: Int, encryptionMask: UInt64) -> PageTableFormat {
    PageTableFormat(
      entries: .x86_64(mask: encryptionMask), pageShift: 12, indexBits: 9,
      addressBits: 12 + 9 * UInt64(levels))
  }

  /// arm64: tables of 8-byte descriptors that fill a page, but for the top one.
  static func arm64(_ descriptors: ARM64Descriptors, addressBits: UInt64) -> PageTableFormat {
    PageTableFormat(
      entries: .arm64(descriptors), pageShift: descriptors.pageShift, indexBits: descriptors.pageShift - 3,
      addressBits: addressBits)
  }

  /// How far an entry's index is shifted in an address; `level` is 1 for the last table.
  @inline(__always)
  func shift(level: Int) -> UInt64 { pageShift &+ indexBits &* UInt64(truncatingIfNeeded: level &- 1) }

  /// Entries of a table.
  func entryCount(level: Int) -> Int { 1 << Int(min(indexBits, addressBits - shift(level: level))) }

  /// The entry of an address in a table.
  @inline(__always)
  func index(_ address: UInt64, level: Int) -> UInt64 {
    let shift = shift(level: level)
    return address >> shift & (1 << min(indexBits, addressBits &- shift) &- 1)
  }

  /// Whether the tables of the kernel translate an address at all.
  ///
  /// On arm64 all bits above those that are translated are ones, but for the highest eight, which may be a tag (TBI).
  @inline(__always)
  func canTranslate(_ address: UInt64) -> Bool {
    switch entries {
    case .x86_64: true
    case .arm64: (address | 0xff << 56) >> addressBits == UInt64.max >> addressBits
    }
  }

  @inline(__always)
  func isPresent(_ entry: UInt64, level: Int) -> Bool {
    switch entries {
    case .x86_64: PageTableEntry(entry).isPresent
    case .arm64(let descriptors): descriptors.isPresent(entry, level: level)
    }
  }

  /// Whether a present entry maps memory itself.
  @inline(__always)
  func isLeaf(_ entry: UInt64, level: Int) -> Bool {
    switch entries {
    case .x86_64: PageTableEntry(entry).isLeaf(level: level)
    case .arm64: level == 1 || ARM64Descriptors.isBlock(entry)
    }
  }

  /// The physical address that an entry names.
  @inline(__always)
  func frame(_ entry: UInt64) -> UInt64 {
    switch entries {
    case .x86_64(let mask): PageTableEntry(entry).frame(without: mask)
    case .arm64(let descriptors): descriptors.address(entry)
    }
  }

  /// What a page is mapped to that nobody may touch and that is there all the same; nil for other entries.
  ///
  /// On x86_64 that is _PAGE_PROTNONE, with the frame inverted (L1TF).
  ///
  /// - Returns: nil also where an entry of this level could map no memory itself.
  func forbiddenFrame(_ entry: UInt64, level: Int) -> UInt64? {
    switch entries {
    case .x86_64(let mask):
      !PageTableEntry(entry).isPresent && entry & 1 << 8 != 0 && PageTableEntry(entry).isLeaf(level: level)
        ? PageTableEntry(~entry).frame(without: mask) : nil
    case .arm64(let descriptors):
      descriptors.isForbidden(entry, level: level) ? descriptors.address(entry) : nil
    }
  }
}
