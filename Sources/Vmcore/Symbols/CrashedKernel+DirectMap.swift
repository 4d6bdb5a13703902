extension CrashedKernel {
  /// Where the kernel maps physical address 0 (`PAGE_OFFSET`): by a PT_LOAD of memory, or, in a dump whose
  /// PT_LOADs have no virtual addresses, by `page_offset_base`, if that was looked up.
  ///
  /// With KASLR it is a multiple of 1 GiB (arch/x86/mm/kaslr.c).
  public func directMap(
    _ physical: PhysicalMemory, _ symbols: KernelSymbols, _ memory: inout KernelMemory
  ) -> UInt64? {
    for load in physical.loads
    where !load.hasNoPhysicalAddress && load.virtualAddress.rawValue < MemorySegments.kernelMap {
      let base = load.virtualAddress.rawValue &- load.physicalAddress.rawValue
      if Self.canBeDirectMap(base) { return base }
    }
    guard let variable = symbols.address(of: "page_offset_base"), let base = try? memory.word(variable),
      Self.canBeDirectMap(base)
    else { return nil }
    return base
  }

  private static func canBeDirectMap(_ base: UInt64) -> Bool {
    base >> 56 == 0xff && base & (1 << 30 - 1) == 0
  }
}
