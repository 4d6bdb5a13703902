extension CoreNotes {
  /// Whether the notes have registers that QEMU adds: the dump was made from outside of the machine.
  public var hasHypervisorState: Bool { list.holds(noteNamed: "QEMU") }

  /// Where the page tables of each processor begin, by those registers; nil for one that translates no addresses. So is one after
  /// its reset, and one whose registers the hypervisor must not see (SEV-ES, SEV-SNP, TDX): QEMU then has those of the reset.
  public var hypervisorTables: [PhysicalAddress?] {
    list.descriptors(ofNotesNamed: "QEMU").map { state in
      // struct QEMUCPUState of target/i386/arch_dump.c: version and size, 18 registers of 8 bytes, 10 segments of 24; CR0 to CR4.
      let controls = 8 + 18 * 8 + 10 * 24
      let bytes = unsafe state.span.bytes
      guard let cr0: UInt64 = bytes.littleEndian(at: controls), cr0 >> 31 & 1 == 1,
        let cr3: UInt64 = bytes.littleEndian(at: controls + 3 * 8)
      else { return nil }
      // Below it has flags; above all memory that there is, the bit by which a guest with SEV encrypts (47 or 51 so far).
      return PhysicalAddress(cr3 & 0x3fff_ffff_f000)
    }
  }
}

extension CoreNotes {
  /// What the notes of type NT_PRSTATUS named `CORE` hold (`struct elf_prstatus`), in their order.
  public var processorStatus: [[UInt8]] {
    list.descriptors(ofNotesNamed: "CORE", type: ELFNote.prstatus)
  }
}
