internal import DumpMemory

extension ImageTranslation {
  /// - Parameter physicalBase: what the dump says of it; VMCOREINFO has it since 4.10.
  init(x86_64 info: VMCOREINFO, physicalBase: UInt64?) throws(KernelError) {
    if let pageSize = info.string("PAGESIZE"), pageSize != "4096" {
      throw .malformed("PAGESIZE is \(pageSize); x86_64 has 4096")
    }
    // Renamed in 4.13.
    guard let top = info.symbol("init_top_pgt") ?? info.symbol("init_level4_pgt") else {
      throw .absent("VMCOREINFO has neither SYMBOL(init_top_pgt) nor SYMBOL(init_level4_pgt)")
    }
    guard let physicalBase = info.number("phys_base").map({ UInt64(bitPattern: $0) }) ?? physicalBase else {
      throw .absent("VMCOREINFO has no NUMBER(phys_base), and no PT_LOAD maps the kernel")
    }
    let imageOffset = Machine.x86_64.kernelMap &- physicalBase
    self.init(
      physicalBase: physicalBase, imageOffset: imageOffset,
      tables: PageTables(
        root: PhysicalAddress(top.rawValue &- imageOffset),
        levels: (info.number("pgtable_l5_enabled") ?? 0) != 0 ? 5 : 4,
        encryptionMask: UInt64(bitPattern: info.number("sme_mask") ?? 0)))
  }

  /// `phys_base` as a segment that maps the kernel's image has it.
  static func physicalBase(_ loads: [ProgramHeader]) -> UInt64? {
    for load in loads
    where Machine.x86_64.isInImage(load.virtualAddress.rawValue) && !load.hasNoPhysicalAddress {
      return load.physicalAddress.rawValue &- (load.virtualAddress.rawValue &- Machine.x86_64.kernelMap)
    }
    return nil
  }
}
