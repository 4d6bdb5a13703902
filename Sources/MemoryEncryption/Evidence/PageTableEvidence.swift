internal import KernelModel

/// What low pages that are page tables must look like.
///
/// Each word of the kernel's own is an entry: zero, or present, with a frame that the machine has or that may be a device's, and
/// none of the bits that the processor reserves (Intel SDM 3A, table 4-20; AMD APM 2, 5.3). In a process's there are also
/// places in the swap and the like, which are not present and hold anything.
struct PageTableEvidence: Sendable {
  /// Bits 52 to 58 are the kernel's to use, and are zero in its own tables; 59 to 62 are protection keys, for programs only.
  private static let unused: UInt64 = 0x7ff << 52
  /// Above all memory and all devices.
  private static let limit: UInt64 = 1 << 46

  private let region: LowRegion

  init(_ region: LowRegion) { self.region = region }

  /// Whether a page is a page table, and more than every eighth of its words is no entry under a constant.
  func denies(_ page: Int, constant: Block) -> Bool {
    let isKernels = region.kernelTables.contains(page)
    guard isKernels || region.processTables.contains(page) else { return false }
    let range = region.blockRange(ofPage: page)
    let wrong = range.reduce(0) { sum, index in
      let block = region.blocks[index] ^ constant
      return sum + [block.low, block.high].count { !(isKernels ? isKernelsEntry($0) : isProcessEntry($0)) }
    }
    return wrong * 8 > 2 * range.count
  }

  private func isKernelsEntry(_ word: UInt64) -> Bool {
    word == 0
      || PageTableEntry(word).isPresent && word & PageTableEvidence.unused == 0 && isProcessEntry(word)
  }

  private func isProcessEntry(_ word: UInt64) -> Bool {
    let entry = PageTableEntry(word)
    return !entry.isPresent || entry.frame(without: region.encryptionMask) < PageTableEvidence.limit
  }
}
