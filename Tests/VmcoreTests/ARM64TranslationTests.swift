import DumpFixtures
import Testing

@testable import DumpMemory
@testable import KernelModel

/// Page tables of arm64, made by hand: VMSAv8-64 descriptors as the Arm ARM (D8.3) has them.
@Suite struct ARM64TranslationTests {
  /// A kernel's pages and addresses.
  struct Layout: Hashable, Sendable, CustomStringConvertible {
    let pageShift: UInt64
    let bits: UInt64
    /// Those that the processor translates (64 - TCR_EL1.T1SZ).
    var translated: UInt64
    let levels: Int
    /// The highest level with blocks.
    let blocks: Int

    init(_ pageShift: UInt64, _ bits: UInt64, translated: UInt64? = nil, levels: Int, blocks: Int) {
      self.pageShift = pageShift
      self.bits = bits
      self.translated = translated ?? bits
      self.levels = levels
      self.blocks = blocks
    }

    var description: String { "\(1 << (pageShift - 10)) KiB, \(bits) bits, \(translated) translated" }
    var hasLPA2: Bool { pageShift < 16 && translated > 48 }
    var page: UInt64 { 1 << pageShift }
    /// With FEAT_LPA and FEAT_LPA2 memory may lie above 48 bits.
    var memory: UInt64 { hasLPA2 || pageShift == 16 ? 0xb_8001_2340_0000 : 0x8001_2340_0000 }
    /// `_stext`: behind the modules.
    var text: UInt64 {
      let least: UInt64 = bits == 52 ? (pageShift == 14 ? 47 : 48) : bits
      return 0 &- (1 << (least - 1)) &+ (2 << 30) &+ 0x1_0000
    }

    func descriptor(_ address: UInt64, kind: UInt64) -> UInt64 {
      let attributes: UInt64 = 0x60_0000_0000_0400 | kind
      if pageShift == 16 { return address & 0xffff_ffff_0000 | (address >> 48 & 0xf) << 12 | attributes }
      if hasLPA2 { return address & 0x3_ffff_ffff_ffff | (address >> 50 & 3) << 8 | attributes }
      // Bits 9..8 say how memory is shared.
      return address | attributes | 0x300
    }
  }

  static let layouts = [
    Layout(12, 39, levels: 3, blocks: 3), Layout(12, 48, levels: 4, blocks: 3),
    Layout(12, 52, levels: 5, blocks: 4), Layout(12, 52, translated: 48, levels: 4, blocks: 3),
    Layout(14, 36, levels: 2, blocks: 2), Layout(14, 47, levels: 3, blocks: 2),
    Layout(14, 48, levels: 4, blocks: 2), Layout(14, 52, levels: 4, blocks: 3),
    Layout(14, 52, translated: 47, levels: 3, blocks: 2), Layout(16, 42, levels: 2, blocks: 2),
    Layout(16, 48, levels: 3, blocks: 3), Layout(16, 52, levels: 3, blocks: 3),
    // The tables have room for 52 bits whatever the processor translates.
    Layout(16, 52, translated: 48, levels: 3, blocks: 3),
  ]

  /// Memory that begins with the top table, and what is mapped in it.
  private struct Tables {
    let layout: Layout
    var words: [UInt64]

    init(_ layout: Layout) {
      self.layout = layout
      words = [UInt64](repeating: 0, count: Int(layout.page / 8))
    }

    func shift(_ level: Int) -> UInt64 { layout.pageShift + (layout.pageShift - 3) * UInt64(level - 1) }

    mutating func map(_ address: UInt64, to descriptor: UInt64, level: Int) {
      var table = 0
      var bits = layout.pageShift == 16 ? layout.bits : layout.translated
      for at in stride(from: layout.levels, to: level, by: -1) {
        let slot = table + Int(address >> shift(at) & (1 << (bits - shift(at)) - 1))
        bits = shift(at)
        if words[slot] == 0 {
          words[slot] = layout.descriptor(layout.memory + UInt64(words.count * 8), kind: 3)
          words += [UInt64](repeating: 0, count: Int(layout.page / 8))
          table = words.count - Int(layout.page / 8)
        } else {
          let mask: UInt64 = layout.pageShift == 16 ? 0xffff_ffff_0000 : 0x3_ffff_ffff_ffff
          table = Int((words[slot] & mask & ~(layout.page - 1)) - (layout.memory & mask)) / 8
        }
      }
      words[table + Int(address >> shift(level) & (1 << (bits - shift(level)) - 1))] = descriptor
    }

    func open(_ info: String? = nil) throws -> (
      facts: KernelFacts, memory: PhysicalMemory, file: OpenedVmcore
    ) {
      var builder = ELFBuilder()
      builder.machine = 183
      let own = info ?? text
      builder.notes = [.vmcoreinfo(own)]
      var bytes: [UInt8] = []
      for word in words { bytes.appendLittleEndian(word) }
      builder.segments = [ELFSegment(vaddr: 0, paddr: layout.memory, data: bytes)]
      let opened = try OpenedVmcore(builder.build())
      return (try KernelFacts(VMCOREINFO(own), of: opened.memory), opened.memory, opened)
    }

    var text: String {
      let offset = layout.text &- layout.memory
      return """
        OSRELEASE=6.12.0-test
        PAGESIZE=\(layout.page)
        SYMBOL(_stext)=\(String(layout.text, radix: 16))
        SYMBOL(swapper_pg_dir)=\(String(layout.text, radix: 16))
        NUMBER(VA_BITS)=\(layout.bits)
        NUMBER(kimage_voffset)=0x\(String(offset, radix: 16))
        NUMBER(PHYS_OFFSET)=0x\(String(0 &- (UInt64(1) << 40), radix: 16))
        NUMBER(TCR_EL1_T1SZ)=0x\(String(64 - layout.translated, radix: 16))

        """
    }
  }

  @Test("Pages and blocks are found at every level", arguments: layouts)
  func everyLevel(_ layout: Layout) throws {
    for level in 1...layout.blocks {
      var tables = Tables(layout)
      let size: UInt64 = 1 << tables.shift(level)
      let virtual = (layout.text &+ 3 &* size) & ~(size - 1)
      let physical = layout.memory & ~(size - 1)
      tables.map(virtual, to: layout.descriptor(physical, kind: level == 1 ? 3 : 1), level: level)
      let (facts, physicalMemory, _) = try tables.open()
      #expect(facts.tables.levels == layout.levels && facts.machine.geometry.shift == layout.pageShift)
      #expect(physicalMemory.geometry.shift == layout.pageShift)
      var memory = try facts.memory(of: physicalMemory)
      let inside = size - 8
      #expect(try memory.translate(VirtualAddress(virtual + inside)).rawValue == physical + inside)
      // A tag in the highest byte is none of the address (TBI).
      #expect(try memory.translate(VirtualAddress(virtual & ~(0xff << 56) | 0xf4 << 56)).rawValue == physical)
      #expect(throws: VmcoreError.self) { try memory.translate(VirtualAddress(virtual &+ size)) }
      // Below the kernel's addresses.
      #expect(throws: VmcoreError.self) {
        try memory.translate(VirtualAddress(virtual & (1 << layout.translated - 1)))
      }
    }
  }

  @Test("What is no descriptor maps nothing", arguments: layouts)
  func reserved(_ layout: Layout) throws {
    for level in 1...layout.levels {
      var tables = Tables(layout)
      let virtual = layout.text & ~(1 << tables.shift(level) - 1)
      // A block in the last table, and above those that have any.
      let isReserved = level == 1 || level > layout.blocks
      guard isReserved else { continue }
      tables.map(virtual, to: layout.descriptor(layout.memory, kind: 1), level: level)
      let (facts, physical, _) = try tables.open()
      var memory = try facts.memory(of: physical)
      let error = #expect(throws: VmcoreError.self) { try memory.translate(VirtualAddress(virtual)) }
      #expect(error.map { "\($0)".contains("page table level \(level))") } == true)
    }
  }

  @Test(
    "What is missing or impossible in VMCOREINFO is said",
    arguments: [
      ("NUMBER(VA_BITS)=48", "NUMBER(VA_BITS)=40", "NUMBER(VA_BITS) is 40"),
      ("NUMBER(kimage_voffset)", "NUMBER(other)", "NUMBER(kimage_voffset)"),
      ("PAGESIZE=4096", "PAGESIZE=8192", "PAGESIZE"),
      ("NUMBER(TCR_EL1_T1SZ)=0x10", "NUMBER(TCR_EL1_T1SZ)=0x1", "TCR_EL1_T1SZ"),
      ("SYMBOL(_stext)=ffff80", "SYMBOL(_stext)=fffffd", "_stext lies at"),
    ])
  func impossible(_ line: String, _ other: String, _ words: String) throws {
    let tables = Tables(Layout(12, 48, levels: 4, blocks: 3))
    #expect(tables.text.contains(line))
    var builder = ELFBuilder()
    builder.machine = 183
    builder.segments = [ELFSegment(vaddr: 0, paddr: 0, data: [UInt8](repeating: 0, count: 4096))]
    let opened = try OpenedVmcore(builder.build())
    let text = tables.text.split(separator: "\n").map {
      $0.hasPrefix(line) ? other + $0.dropFirst(line.count) : String($0)
    }
    let error = #expect(throws: KernelError.self) {
      try KernelFacts(VMCOREINFO(text.joined(separator: "\n") + "\n"), of: opened.memory)
    }
    #expect(error.map { "\($0)".contains(words) } == true)
  }

  @Test("Before 5.4 the linear map is the upper half")
  func oldMap() throws {
    let text = """
      OSRELEASE=4.19.0-test
      PAGESIZE=4096
      SYMBOL(_stext)=ffff000008081000
      NUMBER(VA_BITS)=48
      NUMBER(PHYS_OFFSET)=0x40000000

      """
    let machine = try Machine.arm64(VMCOREINFO(text))
    #expect(machine.usualDirectMaps == [0xffff_8000_0000_0000 - 0x4000_0000])
    #expect(machine.isInImage(0xffff_0000_0808_1000) && !machine.isInImage(0xffff_8000_0000_0000))
    let new = try Machine.arm64(
      VMCOREINFO(
        text.split(separator: "\n").map {
          $0.hasPrefix("SYMBOL") ? "SYMBOL(_stext)=ffff800008010000" : String($0)
        }
        .joined(separator: "\n") + "\n"))
    #expect(new.usualDirectMaps == [0xffff_0000_0000_0000 - 0x4000_0000])
    #expect(!new.isInImage(0xffff_0000_0808_1000) && new.isInImage(0xffff_8000_0801_0000))
  }
}
