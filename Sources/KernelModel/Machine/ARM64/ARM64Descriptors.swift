/// Entries of arm64's page tables: the VMSAv8-64 descriptors of stage 1 (Arm ARM, D8.3).
struct ARM64Descriptors: Sendable {
  /// 12, 14 or 16: the translation granule.
  let pageShift: UInt64
  /// With pages of 4 and 16 KiB, whether addresses have 52 bits (FEAT_LPA2, TCR_ELx.DS). The two highest lie in bits 9..8, which
  /// say else how memory is shared.
  let hasLPA2: Bool
  /// Which software bits say that a page which is not valid is there (arch/arm64/include/asm/pgtable-prot.h).
  let presentInvalid: PresentInvalid

  enum PresentInvalid {
    /// PTE_PROT_NONE up to Linux 6.9; of blocks PMD_PRESENT_INVALID, since 5.10.
    case highBits
    /// PTE_PRESENT_INVALID since 6.10: nG.
    case notGlobal
  }

  /// The highest level at which a block may be.
  private var highestBlockLevel: Int {
    switch pageShift {
    case 12: hasLPA2 ? 4 : 3
    case 14: hasLPA2 ? 3 : 2
    default: 3
    }
  }

  /// Bit 0 is valid; bit 1 tells a table, or in the last table a page, from a block.
  @inline(__always)
  static func isBlock(_ descriptor: UInt64) -> Bool { descriptor & 2 == 0 }

  /// Whether a descriptor is valid and not a reserved encoding.
  @inline(__always)
  func isPresent(_ descriptor: UInt64, level: Int) -> Bool {
    guard descriptor & 1 != 0 else { return false }
    return !Self.isBlock(descriptor) || (level > 1 && level <= highestBlockLevel)
  }

  /// The physical address of what a descriptor leads to; with pages of 64 KiB bits 51..48 lie in bits 15..12 (FEAT_LPA).
  @inline(__always)
  func address(_ descriptor: UInt64) -> UInt64 {
    switch (pageShift, hasLPA2) {
    case (16, _): descriptor & 0xffff_ffff_0000 | (descriptor >> 12 & 0xf) << 48
    case (_, true): descriptor & (1 << 50 - 1) & ~(1 << pageShift - 1) | (descriptor >> 8 & 3) << 50
    default: descriptor & (1 << 48 - 1) & ~(1 << pageShift - 1)
    }
  }

  func isForbidden(_ descriptor: UInt64, level: Int) -> Bool {
    guard descriptor & 1 == 0, level <= highestBlockLevel, level == 1 || Self.isBlock(descriptor) else {
      return false
    }
    switch presentInvalid {
    case .highBits: return descriptor & (level == 1 ? 1 << 58 : 3 << 58) != 0
    case .notGlobal: return descriptor & 1 << 11 != 0
    }
  }
}
