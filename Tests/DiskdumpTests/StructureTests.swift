import DumpMemory
import KernelModel
import Testing

@testable import Diskdump

@Suite("On-disk structures")
struct StructureTests {
  /// A structure's bytes, over zeros.
  private func encoded(_ size: Int, _ encode: (inout MutableRawSpan) -> Void) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    var elements = bytes.mutableSpan
    var output = elements.mutableBytes
    encode(&output)
    return bytes
  }

  private func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
    bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private let header = DiskdumpHeader(
    utsname: UtsName(
      systemName: "Linux", nodeName: "node", release: "6.1.0", version: "#1 SMP", machine: "x86_64",
      domainName: "domain"),
    crashTime: 0x1122_3344_5566_7788, status: [.zstd, .incomplete], blockSize: 4096, subHeaderBlocks: 3,
    bitmapBlocks: 10, maxMapNumber: 0x1_2345_6789, processorCount: 7)

  @Test(
    "disk_dump_header has each field at its offset",
    arguments: [
      (0, 8, 0x2020_2050_4d55_444b), (8, 4, 6), (408, 8, 0x1122_3344_5566_7788), (416, 8, 0), (424, 4, 0x28),
      (428, 4, 4096), (432, 4, 3), (436, 4, 10), (440, 4, 0xffff_ffff), (444, 4, 0), (448, 4, 0), (452, 4, 0),
      (456, 4, 0), (460, 4, 7),
    ] as [(Int, Int, UInt64)])
  func headerField(offset: Int, size: Int, value: UInt64) {
    #expect(number(encoded(464) { header.encode(into: &$0) }, offset, size) == value)
  }

  @Test(
    "utsname is six names of 65 bytes, ended by NUL",
    arguments: zip([12, 77, 142, 207, 272, 337], ["Linux", "node", "6.1.0", "#1 SMP", "x86_64", "domain"]))
  func utsname(offset: Int, name: String) {
    let bytes = encoded(464) { header.encode(into: &$0) }
    let rest = [UInt8](repeating: 0, count: 65 - name.utf8.count)
    #expect(Array(bytes[offset..<offset + 65]) == Array(name.utf8) + rest)
    #expect(bytes[402..<408].allSatisfy { $0 == 0 })
  }

  @Test("max_mapnr is exact while it fits into 32 bits")
  func narrowMaxMapNumber() {
    var header = header
    header.maxMapNumber = 0xffff_fffe
    #expect(number(encoded(464) { header.encode(into: &$0) }, 440, 4) == 0xffff_fffe)
  }

  @Test("A name that is too long is cut, and still has an end")
  func longName() {
    let name = UtsName(
      nodeName: String(repeating: "n", count: 100), release: "r", version: "v", machine: "m", domainName: "d")
    #expect(name.nodeName.utf8.count == 64)
    let bytes = encoded(464) { name.encode(into: &$0, at: 12) }
    #expect(bytes[77 + 64] == 0 && bytes[77 + 63] == UInt8(ascii: "n"))
  }

  @Test("The kernel's new_utsname is taken as it is, bytes that are no text included")
  func verbatimName() {
    var memory = [UInt8](repeating: 0, count: UtsName.byteCount)
    for index in memory.indices { memory[index] = UInt8(truncatingIfNeeded: index * 7 + 1) }
    let name = UtsName(copying: memory.span.bytes)
    let bytes = encoded(UtsName.byteCount) { name.encode(into: &$0, at: 0) }
    for field in 0..<6 { memory[field * 65 + 64] = 0 }
    #expect(bytes == memory)
  }

  private let subHeader = KdumpSubHeader(
    physicalBase: UInt64(bitPattern: -0x1000), dumpLevel: 31, vmcoreinfo: 0x1111..<0x2222,
    notes: 4200..<0x3333,
    maxMapNumber: 0x12_3456_789a)

  @Test(
    "kdump_sub_header has each field at its offset",
    arguments: [
      (0, 8, UInt64(bitPattern: -0x1000)), (8, 4, 31), (12, 4, 0), (16, 8, 0), (24, 8, 0), (32, 8, 0x1111),
      (40, 8, 0x1111), (48, 8, 4200), (56, 8, 0x3333 - 4200), (64, 8, 0), (72, 8, 0), (80, 8, 0), (88, 8, 0),
      (96, 8, 0x12_3456_789a),
    ] as [(Int, Int, UInt64)])
  func subHeaderField(offset: Int, size: Int, value: UInt64) {
    #expect(number(encoded(104) { subHeader.encode(into: &$0) }, offset, size) == value)
  }

  @Test("Without VMCOREINFO its offset is zero")
  func noVmcoreinfo() {
    var subHeader = subHeader
    subHeader.vmcoreinfo = 4200..<4200
    let bytes = encoded(104) { subHeader.encode(into: &$0) }
    #expect(number(bytes, 32, 8) == 0 && number(bytes, 40, 8) == 0)
  }

  @Test("page_desc is offset, size, flags, and a zero")
  func descriptor() {
    let descriptor = PageDescriptor(offset: 0x1_2345_6789, size: 0xabc, flags: .snappy)
    var bytes = [UInt8](repeating: 0xff, count: 24 + 16)
    var elements = bytes.mutableSpan
    var output = elements.mutableBytes
    descriptor.encode(into: &output, at: 8)
    #expect(number(bytes, 8, 8) == 0x1_2345_6789)
    #expect(number(bytes, 16, 4) == 0xabc)
    #expect(number(bytes, 20, 4) == 4)
    #expect(number(bytes, 24, 8) == 0)
    #expect(bytes[..<8].allSatisfy { $0 == 0xff } && bytes[32...].allSatisfy { $0 == 0xff })
  }

  @Test(
    "The parts follow each other in whole blocks",
    arguments: [
      // notes, max_mapnr, pages: first bitmap, second bitmap, descriptors, data
      (0, 1, 0, [8192, 12288, 16384, 16384]),
      (3992, 32768, 10, [8192, 12288, 16384, 16624]),
      (3993, 32769, 10, [12288, 20480, 28672, 28912]),
      (100, 1 << 40, 1, [8192, 8192 + (1 << 37), 8192 + (1 << 38), 8192 + (1 << 38) + 24]),
    ] as [(Int, UInt64, UInt64, [UInt64])])
  func layout(noteSize: Int, maxMapNumber: UInt64, pages: UInt64, parts: [UInt64]) {
    let layout = DiskdumpLayout(
      blockSize: 4096, noteSize: noteSize, maxMapNumber: maxMapNumber, pageCount: pages)
    #expect([layout.firstBitmap, layout.secondBitmap, layout.descriptors, layout.data] == parts)
    #expect(layout.notes == 4200..<4200 + UInt64(noteSize))
  }
}
