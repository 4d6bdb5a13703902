import DumpFixtures
import DumpMemory
import KernelModel
import Testing

@Suite struct SymbolsKallsymsTests {
  @Test(arguments: KallsymsImage.Layout.allCases, [true, false])
  func `every layout and every kind of address gives the addresses back`(
    layout: KallsymsImage.Layout, keepsAbsolute: Bool
  ) throws {
    let tables = KernelWithTables()
    tables.addKallsyms(layout, keepsAbsolute: keepsAbsolute)
    let text = tables.kernel.text
    let found = try tables.open().addresses(
      of: ["filler_0000", "filler_0255", "filler_1199", "_stext", "__start_BTF", "cpu_number", "nothing"])
    #expect(found["filler_0000"] == text)
    #expect(found["filler_0255"] == text + 255 * 16)
    #expect(found["filler_1199"] == text + 1199 * 16)
    #expect(found["_stext"] == text)
    #expect(found["__start_BTF"] == text + 0x7ff_fff0)
    #expect(found["cpu_number"] == (keepsAbsolute && layout != .fromPlace ? 0x1fb80 : nil))
    #expect(found["nothing"] == nil)
  }

  @Test func `names of 128 tokens and more have a length of two bytes`() throws {
    let tables = KernelWithTables()
    tables.addKallsyms(.offsetsLast)
    let found = try tables.open().addresses(of: [KernelWithTables.longName, "twice"])
    #expect(found[KernelWithTables.longName] == tables.kernel.text + 0x5000)
    #expect(found["twice"] == tables.kernel.text + 0x5010, "the first of two symbols counts")
  }

  @Test(arguments: [KallsymsImage.Layout.wideMarkers, .offsetsFirst, .withSequences])
  func `tables that VMCOREINFO does not name are found in the image`(layout: KallsymsImage.Layout) throws {
    let tables = KernelWithTables(.v5_10)
    // What looks like the tables and is not: a pointer to the text with a number behind it, and digits.
    var decoy: [UInt8] = []
    decoy.appendLittleEndian(tables.kernel.text)
    decoy.appendLittleEndian(UInt64(5000))
    decoy += Array("0\u{0}1\u{0}2\u{0}3\u{0}4\u{0}5\u{0}6\u{0}7\u{0}8\u{0}9\u{0}".utf8)
    tables.place(decoy)
    tables.addKallsyms(layout, declared: false)
    let opened = try tables.open()
    let found = try opened.addresses(of: ["filler_0777", "cpu_number"])
    #expect(found == ["filler_0777": tables.kernel.text + 777 * 16, "cpu_number": 0x1fb80])
    var memory = try opened.crashed.memory(of: opened.physical)
    #expect(try Kallsyms(opened.crashed, in: &memory).evidence == "a search of the kernel's image")
  }

  @Test
  func `what only looks like tables is walked over once, however often it stands there`() throws {
    let tables = KernelWithTables(.v5_10) { $0.spareImagePages = 1200 }
    // 64 heads, each with the length of a name before it that swallows the next, and then names of one token.
    var names: [UInt8] = []
    for _ in 0..<64 {
      names.appendLittleEndian(tables.kernel.text)
      names.appendLittleEndian(UInt64(1_900_000))
      names += [UInt8](repeating: 0, count: 10).flatMap { _ in [1, 0x61] as [UInt8] } + [2, 0x61, 0x61, 16]
    }
    names += [UInt8](repeating: 0x61, count: 16) + (0..<2_000_000).flatMap { _ in [1, 0x61] as [UInt8] }
    tables.place(names)
    var tokens: [UInt8] = []
    var starts: [UInt8] = []
    for token in 0..<256 {
      starts.appendLittleEndian(UInt16(tokens.count))
      tokens += [(0x30...0x39).contains(token) ? UInt8(token) : 0x78, 0]
    }
    tables.place((0..<250).flatMap { _ in tokens + starts })
    let opened = try tables.open()
    let seconds = try processorTime {
      let symbols = try opened.symbols(["__start_BTF"])
      #expect(symbols.address(of: "__start_BTF") == nil)
    }
    #expect(seconds < 30)
  }

  @Test func `a kernel without tables has no symbols, and that is said`() throws {
    let opened = try KernelWithTables(.v5_10).open()
    #expect(try opened.kallsymsFailure() == .absent)
    let symbols = try opened.symbols(["__start_BTF"])
    #expect(symbols.address(of: "__start_BTF") == nil)
    #expect(symbols.evidence.count == 1)
  }

  @Test func `a table that puts _stext elsewhere than VMCOREINFO is refused`() throws {
    let moved = KernelWithTables()
    moved.addKallsyms(.offsetsLast) { $0.symbols[1].address += 0x1000 }
    #expect(try moved.open().kallsymsFailure() == .malformed)
    let without = KernelWithTables()
    without.addKallsyms(.offsetsLast) { $0.symbols[1].name = "_other" }
    #expect(try without.open().kallsymsFailure() == .malformed)
  }

  @Test func `numbers of symbols that no kernel has are refused`() throws {
    for count in [0, 999, 4_000_001, UInt32.max] as [UInt32] {
      let tables = KernelWithTables()
      tables.addKallsyms(.offsetsLast)
      var number: [UInt8] = []
      number.appendLittleEndian(count)
      tables.setSymbol("kallsyms_num_syms", tables.place(number))
      #expect(try tables.open().kallsymsFailure() == .malformed, "\(count)")
    }
  }

  @Test func `tables that are not mapped are an error and no crash`() throws {
    for name in ["names", "num_syms", "token_table", "token_index", "offsets", "relative_base"] {
      let tables = KernelWithTables()
      tables.addKallsyms(.offsetsLast)
      tables.setSymbol("kallsyms_\(name)", 0xffff_ffff_f000_0000)
      #expect(try tables.open().kallsymsFailure() == .unreadable, "\(name)")
    }
  }

  @Test func `damaged tables give an error or addresses, never a crash`() throws {
    let tables = KernelWithTables()
    let (address, byteCount) = tables.addKallsyms(.offsetsLast)
    let image = tables.kernel.vmcore()
    let start = try image.offset(of: address, in: tables.kernel)
    var refused = 0
    for seed in 0..<24 {
      var random = SeededGenerator(seed: UInt64(seed))
      var damaged = image
      for _ in 0..<1 << (seed % 12) {
        damaged.bytes[start + Int(random.below(UInt64(byteCount)))] = UInt8(truncatingIfNeeded: random.next())
      }
      if try OpenedKernel(damaged, tables.kernel.vmcoreinfoText).kallsymsFailure() != nil { refused += 1 }
    }
    #expect(refused > 6, "much of the damage must be noticed")
  }
}

extension ELFImage {
  /// Where in the file a byte of the kernel's image is read from: the direct map's PT_LOAD, which is larger
  /// than the image's own.
  func offset(of address: UInt64, in kernel: SyntheticKernel) throws -> Int {
    let physical = kernel.image.lowerBound << 12 + address - kernel.text
    let index = try #require(kernel.ranges.firstIndex { $0.contains(physical >> 12) })
    return segments[1 + index] + Int(physical - kernel.ranges[index].lowerBound << 12)
  }
}
