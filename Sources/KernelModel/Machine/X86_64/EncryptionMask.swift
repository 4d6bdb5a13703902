public import DumpMemory

/// Finds the encryption bit where VMCOREINFO has no `NUMBER(sme_mask)`: Linux 4.20 and 5.0.
public enum EncryptionMask {
  /// The bit that every present entry of the top page table has and that no address of this machine needs.
  ///
  /// - Returns: 0 if there is no such bit: encryption is off.
  public static func infer(
    from top: PhysicalAddress, of memory: PhysicalMemory
  ) -> UInt64 {
    guard var reader = try? MemoryReader.scattered(memory) else { return 0 }
    // Bits 43 to 51 have been C-bits (CPUID 8000001F, EBX 5:0).
    var common: UInt64 = 0xf_f800_0000_0000
    var entries = 0
    for index in 0..<512 {
      guard let entry = try? reader.word(top + index * 8) else { return 0 }
      if !PageTableEntry(entry).isPresent { continue }
      common &= entry
      entries += 1
    }
    let highest = memory.frames.maxMapNumber << memory.geometry.shift
    guard entries >= 2, common.nonzeroBitCount == 1, common > highest else { return 0 }
    return common
  }
}
