internal import DumpMemory

/// What a kernel's addresses are translated by: where its image lies, and its page tables.
struct ImageTranslation {
  /// What the dump's header says of where memory begins: `phys_base`, or PHYS_OFFSET.
  let physicalBase: UInt64
  /// What an address in the image is off from its physical one, in two's complement.
  let imageOffset: UInt64
  let tables: PageTables

  /// - Parameter physicalBase: what the dump says of it.
  /// - Throws: ``KernelError`` where VMCOREINFO does not tell it.
  init(_ machine: Machine, _ info: VMCOREINFO, physicalBase: UInt64?) throws(KernelError) {
    switch machine.kind {
    case .x86_64: try self.init(x86_64: info, physicalBase: physicalBase)
    case .arm64: try self.init(arm64: info, machine)
    }
  }

  init(physicalBase: UInt64, imageOffset: UInt64, tables: PageTables) {
    self.physicalBase = physicalBase
    self.imageOffset = imageOffset
    self.tables = tables
  }
}
