/// Names the formats that are not read by their first bytes, so that a refusal says what the file is and what helps.
enum ForeignFormat {
  /// What a file of these first bytes is, in words that follow its path.
  static func name(of bytes: RawSpan) -> String {
    if bytes.byteCount == 0 { return "empty" }
    for (signature, description) in signatures where begins(bytes, with: signature) { return description }
    if bytes.littleEndian(at: 0, as: UInt32.self).map(isVMwareState) == true {
      return "a suspended state of VMware (vmss, vmsn), which is not read; \(crashReads)"
    }
    if begins(bytes, with: [0x7f, 0x45, 0x4c, 0x46]) { return "an ELF file cut inside its header" }
    return
      "no vmcore of a known format (it begins with \(hex(bytes, count: min(bytes.byteCount, 8)))); a raw image"
      + " of memory or of a disk does not say which pages it holds"
  }

  static let sadump = "a dump that sadump made, which is not read; makedumpfile reads it"
  static let xen = "a dump of a Xen hypervisor, which is not read; makedumpfile reads it"
  static let xenGuest = "a dump of a Xen guest (xl dump-core), which is not read; crash reads it"

  private static let crashReads = "crash reads it"

  /// Of a file whose first bytes are these.
  private static let signatures: [(signature: [UInt8], description: String)] = [
    (Array("KDUMP   ".utf8), "a kdump-compressed dump, where an ELF file is wanted"),
    (Array("DISKDUMP".utf8), "a dump of diskdump (before kdump), which is not read; \(crashReads)"),
    (Array("makedumpfile".utf8), "a flattened dump, where a plain one is wanted: make one with -R"),
    (Array("sadump\0\0".utf8), sadump),
    (Array("LibvirtQemudSave".utf8), libvirt), (Array("LibvirtQemudPart".utf8), libvirt),
    (
      Array("QEVM".utf8),
      "a QEMU migration stream (virsh dump without --memory-only), which is not read; \(crashReads)"
    ),
    (Array("EMiL".utf8), "a memory image of LiME, which is not read; \(crashReads)"),
    (Array("AVML".utf8), "a memory image of AVML, which is not read; avml-convert makes one of LiME of it"),
    ([0x51, 0x46, 0x49, 0xfb], "a qcow2 image, which is a disk and no vmcore"),
    (Array("PAGEDU64".utf8), windows), (Array("PAGEDUMP".utf8), windows),
    ([0xed, 0x23, 0x8f, 0x61, 0x73, 0x01, 0x19, 0xa8], "a dump of LKCD, which is not read; \(crashReads)"),
    ([0x1f, 0x8b], compressed("gzip", command: "gzip -d")),
    ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], compressed("xz", command: "xz -d")),
    ([0x28, 0xb5, 0x2f, 0xfd], compressed("zstd", command: "zstd -d")),
    (Array("BZh".utf8), compressed("bzip2", command: "bzip2 -d")),
    ([0x04, 0x22, 0x4d, 0x18], compressed("lz4", command: "lz4 -d")),
    ([0x89, 0x4c, 0x5a, 0x4f, 0x00], compressed("lzop", command: "lzop -d")),
  ]

  private static let libvirt =
    "a state that virsh save made, which is not read; virsh dump --memory-only makes a vmcore"
  private static let windows = "a dump of Windows"

  private static func compressed(_ name: String, command: String) -> String {
    "compressed as a whole (\(name)): unpack it first, with \(command)"
  }

  /// The magic numbers of a checkpoint's header.
  private static func isVMwareState(_ magic: UInt32) -> Bool {
    [0xbed0_bed0, 0xbad1_bad1, 0xbed2_bed2, 0xbed3_bed3].contains(magic)
  }

  private static func begins(_ bytes: RawSpan, with signature: [UInt8], at place: Int = 0) -> Bool {
    bytes.byteCount - place >= signature.count
      && signature.indices.allSatisfy { bytes.littleEndian(at: place + $0, as: UInt8.self) == signature[$0] }
  }

  /// Whether these names of sections are those of `xl dump-core`.
  static func hasXenPages(_ names: RawSpan) -> Bool {
    (0..<names.byteCount).contains { begins(names, with: Array(".xen_pages".utf8), at: $0) }
  }

  /// Whether bytes are those of sadump's partition header: signature1 and signature2.
  static func isSadump(_ bytes: RawSpan) -> Bool {
    bytes.littleEndian(at: 0, as: UInt64.self) == 0x706d_7564_6173
  }

  /// The machine of an ELF file, by its e_machine.
  static func machine(_ number: UInt16) -> String {
    let names: [UInt16: String] = [
      3: "i386", 8: "mips", 20: "ppc", 21: "ppc64", 22: "s390x", 40: "arm", 50: "ia64", 62: "x86_64",
      183: "arm64",
      243: "riscv", 258: "loongarch",
    ]
    return names[number] ?? "e_machine \(number)"
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
