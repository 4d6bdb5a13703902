extension SyntheticKernel {
  /// A machine with SME whose low memory, 0x1000 to 0x9ffff, holds zeros and some data.
  public static func withLowMemory(
    _ generation: KernelGeneration = .v6_1, smeMask: UInt64 = 1 << 47, seed: UInt64 = 1
  ) -> SyntheticKernel {
    var configuration = KernelConfiguration(generation)
    configuration.ram = [1..<160, 300..<420]
    configuration.patternedMemory = false
    configuration.smeMask = smeMask
    let kernel = SyntheticKernel(configuration)
    var random = SeededGenerator(seed: seed)
    for pfn in UInt64(3)..<40 {
      for place in stride(from: UInt64(0), to: 1 + random.below(4000), by: 8) {
        kernel.memory.store(random.oneIn(3) ? random.next() : 0x2000 + place, at: pfn << 12 + place)
      }
    }
    return kernel
  }

  /// What the backup's place is in ``damageLowMemory(_:in:)``.
  public static let lowBackup: UInt64 = 0x2ff6_1000

  public enum LowDamage: Sendable {
    /// XE mode with the constants that were published for the EPYC 7251.
    case xe
    /// Every block is another noise, as in XEX mode.
    case noise
  }

  /// Makes the low memory in a vmcore what a capture kernel reads of it on a machine with SME.
  public func damageLowMemory(_ damage: LowDamage, in image: inout ELFImage) {
    var random = SeededGenerator(seed: 77)
    for pfn in UInt64(1)..<160 {
      guard let offset = fileOffset(pfn << 12, in: image) else { continue }
      let difference = pfn << 12 ^ (Self.lowBackup + (pfn - 1) << 12)
      let constant = Self.publishedConstants.reduce(0 as UInt32) {
        difference >> $1.key & 1 == 1 ? $0 ^ $1.value : $0
      }
      for place in stride(from: 0, to: 4096, by: 4) {
        let word =
          damage == .xe ? constant.byteSwapped : UInt32(truncatingIfNeeded: random.next())
        let old: UInt32 = image.bytes.loadLittleEndian(at: offset + place, as: UInt32.self)
        image.bytes.storeLittleEndian(old ^ word, at: offset + place)
      }
    }
  }

  /// T(2^bit), bytes in memory order, four times in a block: Wilke et al., SEVurity, IEEE S&P 2020.
  private static let publishedConstants: [UInt64: UInt32] = [
    12: 0xb092_30c2, 13: 0x9670_ff8e, 14: 0x361b_90d5, 15: 0x0400_c236, 16: 0xe818_2985, 17: 0xbd31_f92a,
    18: 0xa50d_3744, 19: 0xf431_d84c, 20: 0x0204_3181, 21: 0xb371_32a1, 22: 0x508a_c06c, 23: 0x168a_8020,
    24: 0x7f9b_c007, 25: 0x00db_0407, 26: 0x7f00_0404, 27: 0x70fa_01be, 28: 0xbb3d_2890, 29: 0xbd2d_d526,
  ]
}
