import DumpFixtures
import Foundation
import Testing

@testable import DumpMemory
@testable import KernelModel

@Suite("Dumps of other makers are refused by name")
struct ForeignInputTests {
  private func refusal(_ bytes: [UInt8]) throws -> String {
    let file = try TemporaryFile(bytes)
    do throws(VmcoreError) {
      _ = try ELFCore(opening: file.path)
      return ""
    } catch { return error.description }
  }

  /// sadump_part_header: "sadu", "mp", enable, reboot, compress, recycle.
  private var sadumpHeader: [UInt8] {
    var header = Array("sadump\0\0".utf8)
    for number: UInt32 in [1, 60, 0, 0] { header.appendLittleEndian(number) }
    return header + [UInt8](repeating: 0, count: 4096 - header.count)
  }

  @Test("sadump's partitions and backups of them")
  func sadump() throws {
    #expect(try refusal(sadumpHeader).contains("sadump"))
    // sadump_media_header: identifiers and a time, no signature.
    let medium = [UInt8](repeating: 0x5a, count: 64) + [UInt8](repeating: 0, count: 4096 - 64)
    #expect(try refusal(medium + sadumpHeader).contains("sadump"))
    #expect(try !refusal(medium + medium).contains("sadump"))
  }

  @Test(
    "What a Xen hypervisor's crash left", arguments: [("VMCOREINFO_XEN", UInt32(0)), ("Xen", 0x100_0001)])
  func xen(name: String, type: UInt32) throws {
    var builder = SyntheticKernel(.v6_1).elf()
    builder.notes.append(ELFNote(type: type, name: name, descriptor: Array("XEN_VERSION=4.17".utf8)))
    #expect(try refusal(builder.build().bytes).contains("Xen hypervisor"))
    builder.notes.removeLast()
    builder.notes.append(ELFNote(type: 1, name: "Xen", descriptor: [1, 2, 3, 4]))
    #expect(try refusal(builder.build().bytes) == "")
  }

  @Test(
    "Other formats, by their first bytes, and what helps",
    arguments: [
      ("LibvirtQemudSave\u{2}", "virsh dump --memory-only"), ("LibvirtQemudPart", "virsh dump --memory-only"),
      ("QEVM\0\0\0\u{3}", "QEMU migration stream"), ("EMiL\u{1}\0\0\0", "LiME"), ("AVML\u{2}\0\0\0", "AVML"),
      ("DISKDUMP", "diskdump"), ("QFI\u{fb}\0\0\0\u{3}", "qcow2"), ("PAGEDU64", "Windows"),
      ("\u{1f}\u{8b}\u{8}\0", "gzip -d"), ("\u{fd}7zXZ\0", "xz -d"), ("\u{28}\u{b5}\u{2f}\u{fd}", "zstd -d"),
      ("BZh9", "bzip2 -d"), ("\u{4}\u{22}\u{4d}\u{18}", "lz4 -d"),
      ("\u{d2}\u{be}\u{d2}\u{be}\u{8}", "VMware"), ("\u{d3}\u{be}\u{d3}\u{be}", "VMware"),
      ("\u{ed}\u{23}\u{8f}\u{61}\u{73}\u{1}\u{19}\u{a8}", "LKCD"),
      ("\0\0\0\0\0\0\0\0", "raw image of memory"),
      ("random b", "begins with 72 61 6e 64 6f 6d 20 62"),
    ])
  func signatures(start: String, words: String) throws {
    let bytes = start.unicodeScalars.map { UInt8($0.value) }
    let text = try refusal(bytes + [UInt8](repeating: 0, count: 8192))
    #expect(text.contains(words), "\(text)")
    #expect(!text.contains("ELF vmcores only"))
  }

  @Test("An empty file, and one that is no more than a signature")
  func short() throws {
    #expect(try refusal([]).hasSuffix(": empty"))
    #expect(try refusal([0x1f, 0x8b]).contains("gzip"))
    #expect(try refusal([0x7f, 0x45, 0x4c, 0x46]).contains("cut inside its header"))
  }

  @Test(
    "ELF files of other machines, by name",
    arguments: [
      (258, 2, 1, "loongarch"), (22, 2, 2, "big-endian ELF file (s390x)"), (21, 2, 1, "ppc64"),
      (243, 2, 1, "riscv"),
      (3, 1, 1, "32-bit ELF file (i386)"), (999, 2, 1, "e_machine 999"),
    ] as [(UInt16, UInt8, UInt8, String)])
  func machines(machine: UInt16, elfClass: UInt8, encoding: UInt8, words: String) throws {
    var builder = SyntheticKernel(.v6_1).elf()
    builder.machine = encoding == 2 ? machine.byteSwapped : machine
    builder.elfClass = elfClass
    builder.dataEncoding = encoding
    #expect(try refusal(builder.build().bytes).contains(words))
  }

  @Test("xl dump-core's file has sections and no segments")
  func xenGuest() throws {
    var bytes = [UInt8](repeating: 0, count: 4096)
    bytes.replaceSubrange(0..<8, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0])
    bytes.storeLittleEndian(UInt16(4), at: 16)
    bytes.storeLittleEndian(UInt16(62), at: 18)
    // Section headers at 64, of 64 bytes, the second with the names.
    bytes.storeLittleEndian(UInt64(64), at: 40)
    for (place, number) in [(58, 64), (60, 3), (62, 1)] { bytes.storeLittleEndian(UInt16(number), at: place) }
    bytes.storeLittleEndian(UInt64(512), at: 128 + 24)
    let names = Array("\0.shstrtab\0.note.Xen\0.xen_p2m\0.xen_pages\0".utf8)
    #expect(try !refusal(bytes).contains("Xen"))
    bytes.replaceSubrange(512..<512 + names.count, with: names)
    #expect(try refusal(bytes).contains("Xen guest (xl dump-core)"))
  }
}
