/// Names the formats that are no ELF core by their first bytes, so that a refusal says what the file is.
enum ForeignFormat {
  /// What a file of these first bytes is, in words that follow its path.
  static func name(of bytes: RawSpan) -> String {
    let start = bytes.text(in: 0..<min(bytes.byteCount, 16))
    if bytes.byteCount == 0 { return "empty" }
    if start.hasPrefix("KDUMP   ") || start.hasPrefix("DISKDUMP") {
      return "already a kdump-compressed dump; this version reads ELF vmcores only"
    }
    if start.hasPrefix("makedumpfile") {
      return "a flattened dump; rearrange it first (makedumpfile -R)"
    }
    if isSadump(bytes) { return sadump }
    if start.hasPrefix("\u{7f}ELF") { return "an ELF file cut inside its header" }
    return "not an ELF vmcore (it begins with \(hex(bytes, count: min(bytes.byteCount, 8))))"
  }

  static let sadump = "a dump that sadump made, which is not read; makedumpfile reads it"
  static let xen = "a dump of a Xen hypervisor, which is not read; makedumpfile reads it"

  /// Whether bytes are those of sadump's partition header: signature1 and signature2.
  static func isSadump(_ bytes: RawSpan) -> Bool {
    bytes.littleEndian(at: 0, as: UInt64.self) == 0x706d_7564_6173
  }

  private static func hex(_ bytes: RawSpan, count: Int) -> String {
    var words: [String] = []
    for index in 0..<count {
      let byte = bytes.littleEndian(at: index, as: UInt8.self) ?? 0
      words.append((byte < 16 ? "0" : "") + String(byte, radix: 16))
    }
    return words.joined(separator: " ")
  }
}
