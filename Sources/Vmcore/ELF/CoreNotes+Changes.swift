extension CoreNotes {
  /// The notes of the same kernel with memory that is not encrypted: `NUMBER(sme_mask)` of VMCOREINFO is zeros, as many
  /// as it had digits.
  ///
  /// - Returns: these notes, where VMCOREINFO has no such line.
  /// - Throws: ``VmcoreError/system(_:)`` without memory for a copy.
  public func withoutEncryptionMask() throws(VmcoreError) -> CoreNotes {
    guard let range = vmcoreinfoRange else { return self }
    let key = Array("NUMBER(sme_mask)=".utf8)
    var bytes = copy(0..<byteCount)
    var start = range.lowerBound
    while start < range.upperBound {
      let end = bytes[start..<range.upperBound].firstIndex(of: UInt8(ascii: "\n")) ?? range.upperBound
      if bytes[start..<end].starts(with: key) {
        for place in start + key.count..<end { bytes[place] = UInt8(ascii: "0") }
        return try CoreNotes(bytes, insteadOf: self)
      }
      start = end + 1
    }
    return self
  }

  /// The notes without the registers that QEMU adds (type 0, named `QEMU`: struct QEMUCPUState of
  /// target/i386/arch_dump.c): libkdumpfile takes the page tables from their CR3.
  ///
  /// - Throws: ``VmcoreError/system(_:)`` without memory for a copy.
  public func withoutHypervisorState() throws(VmcoreError) -> CoreNotes {
    var kept: [UInt8] = []
    var offset = 0
    while let note = ELFNote(bytes, at: offset) {
      if note.name != "QEMU" { kept += copy(note.range) }
      offset = note.range.upperBound
    }
    return try CoreNotes(kept, insteadOf: self)
  }

  func copy(_ range: Range<Int>) -> [UInt8] {
    let text = bytes
    return range.map { text.littleEndian(at: $0, as: UInt8.self) ?? 0 }
  }
}
