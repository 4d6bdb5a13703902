extension CoreNotes {
  /// The notes of the same kernel with memory that is not encrypted: `NUMBER(sme_mask)` of VMCOREINFO is zeros, as many
  /// as it had digits.
  ///
  /// - Returns: these notes, where VMCOREINFO has no such line.
  /// - Throws: ``VmcoreError/system(_:)`` without memory for a copy.
  public func withoutEncryptionMask() throws(VmcoreError) -> CoreNotes {
    guard let range = vmcoreinfoRange else { return self }
    let key = Array("NUMBER(sme_mask)=".utf8)
    let text = bytes
    func byte(_ place: Int) -> UInt8 { text.littleEndian(at: place, as: UInt8.self) ?? 0 }
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start
      while end < range.upperBound, byte(end) != UInt8(ascii: "\n") { end += 1 }
      if end - start > key.count, key.indices.allSatisfy({ byte(start + $0) == key[$0] }) {
        let value = start + key.count
        return try CoreNotes(
          self, with: [UInt8](repeating: UInt8(ascii: "0"), count: end - value), at: value)
      }
      start = end + 1
    }
    return self
  }
}
