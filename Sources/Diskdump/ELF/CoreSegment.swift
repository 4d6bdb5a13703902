public import DumpMemory

/// A stretch of the crashed machine's memory that an ELF core speaks of: a PT_LOAD without its bytes.
public struct CoreSegment: Hashable, Sendable {
  /// Physical addresses (p_paddr, p_memsz).
  public var physical: Range<UInt64>
  /// Where the kernel maps the first of them (p_vaddr); 0 where that is not known.
  public var virtual: UInt64

  public init(physical: Range<UInt64>, virtual: UInt64) {
    self.physical = physical
    self.virtual = virtual
  }

  /// Returns nil for a PT_LOAD that speaks of no physical memory: `/proc/kcore` has such.
  public init?(_ load: ProgramHeader, of machine: MachineKind) {
    let start = load.physicalAddress.rawValue
    let (end, overflow) = start.addingReportingOverflow(load.memorySize)
    guard !overflow, load.memorySize > 0, end <= machine.physicalLimit else { return nil }
    self.init(physical: start..<end, virtual: load.virtualAddress.rawValue)
  }
}
