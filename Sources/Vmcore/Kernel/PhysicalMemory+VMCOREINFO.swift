extension PhysicalMemory {
  /// VMCOREINFO, if the dump has such a note.
  public func vmcoreinfo() -> VMCOREINFO? {
    let notes = notes
    guard let range = notes.vmcoreinfoRange else { return nil }
    return VMCOREINFO(notes.bytes.text(in: range))
  }
}
