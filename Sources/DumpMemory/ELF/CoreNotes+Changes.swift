extension CoreNotes {
  /// The notes of the same kernel with memory that is not encrypted: `NUMBER(sme_mask)` of VMCOREINFO is zeros, as many
  /// as it had digits.
  ///
  /// - Returns: these notes, where VMCOREINFO has no such line.
  public func withoutEncryptionMask() -> CoreNotes {
    let key = Array("NUMBER(sme_mask)=".utf8)
    var isChanged = false
    let changed = list.replacing { note, own in
      guard note.name == "VMCOREINFO", !isChanged else { return nil }
      var bytes = own
      let text =
        note.descriptor.lowerBound - note.range.lowerBound..<note.descriptor.upperBound
        - note.range.lowerBound
      var start = text.lowerBound
      while start < text.upperBound {
        let end = bytes[start..<text.upperBound].firstIndex(of: UInt8(ascii: "\n")) ?? text.upperBound
        if bytes[start..<end].starts(with: key) {
          for place in start + key.count..<end { bytes[place] = UInt8(ascii: "0") }
          isChanged = true
          return bytes
        }
        start = end + 1
      }
      return nil
    }
    return isChanged ? CoreNotes(changed, insteadOf: self) : self
  }

  /// The notes without the registers that QEMU adds (type 0, named `QEMU`: struct QEMUCPUState of
  /// target/i386/arch_dump.c): libkdumpfile takes the page tables from their CR3.
  public func withoutHypervisorState() -> CoreNotes {
    CoreNotes(list.replacing { note, _ in note.name == "QEMU" ? [] : nil }, insteadOf: self)
  }

  /// The same notes with a VMCOREINFO in the place of the one among them, or behind them all.
  public func with(_ info: VMCOREINFO) -> CoreNotes {
    let new = Self.note(named: "VMCOREINFO", Array(info.text.utf8))
    var isThere = false
    var changed = list.replacing { note, _ in
      guard note.name == "VMCOREINFO", !isThere else { return nil }
      isThere = true
      return new
    }
    if !isThere { changed.hold(new) }
    return CoreNotes(changed, insteadOf: self)
  }
}
