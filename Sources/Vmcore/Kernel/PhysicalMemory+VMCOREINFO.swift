extension PhysicalMemory {
  /// VMCOREINFO, if the core has such a note.
  public func vmcoreinfo() -> VMCOREINFO? {
    Self.vmcoreinfo(core.notes)
  }

  private static func vmcoreinfo(_ notes: borrowing CoreNotes) -> VMCOREINFO? {
    guard let range = notes.vmcoreinfoRange else { return nil }
    return VMCOREINFO(notes.bytes.text(in: range))
  }
}
