extension PhysicalMemory {
  /// What is wrong with the dump's notes and VMCOREINFO, a line each.
  ///
  /// A hypervisor may know nothing of the kernel, and a dump without VMCOREINFO is none that is damaged: that is
  /// ``noteRemarks``.
  public func noteProblems() -> [String] {
    var lines: [String] = []
    let info = vmcoreinfo()
    var namesInfo = notes.vmcoreinfoRange != nil
    if case .pages(let store) = source, let dump = (store as? KdumpStore)?.dump {
      namesInfo = namesInfo || !dump.headers.subHeader.vmcoreinfo.isEmpty
    }
    if notes.byteCount > 0, notes.processorCount == 0, !namesInfo {
      lines.append("there is no note in its \(notes.byteCount) bytes of notes: no registers, no VMCOREINFO")
    }
    if namesInfo {
      for key in VMCOREINFO.certainKeys where info?.string(key)?.isEmpty ?? true {
        lines.append("its VMCOREINFO is damaged: it has no line \(key)=")
      }
    }
    return lines
  }

  /// What readers will miss in its notes, a line each.
  public func noteRemarks() -> [String] {
    var lines: [String] = []
    let info = vmcoreinfo()
    if let release = origin?.utsname.release, let other = info?.string("OSRELEASE"), !release.isEmpty,
      release != other
    {
      lines.append("its header is of Linux \(release), and its VMCOREINFO of \(other)")
    }
    if info == nil { lines.append("there is no VMCOREINFO: readers will need the kernel's vmlinux") }
    if notes.processorCount == 0 { lines.append("there are no registers of any processor (NT_PRSTATUS)") }
    return lines
  }
}
