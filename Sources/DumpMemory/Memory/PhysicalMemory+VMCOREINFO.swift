extension PhysicalMemory {
  /// VMCOREINFO, if the dump has such a note.
  public func vmcoreinfo() -> VMCOREINFO? { notes.vmcoreinfo }
}
