/// Damages a vmcore in one of the ways that a crash, a bad disk or an attacker may.
public struct VmcoreMutator {
  public enum Kind: String, Sendable, CaseIterable {
    /// Bytes of the ELF header.
    case header
    /// Fields of program headers.
    case programHeaders
    /// Bytes of the notes, their sizes above all.
    case notes
    /// Values and lines of VMCOREINFO.
    case vmcoreinfo
    /// Entries of the page tables: other addresses, cycles, leaves where tables were.
    case pageTables
    /// Words of mem_section, of the roots' table and of the pointer to mem_map.
    case memSection
    /// Words of the `struct page`s.
    case structPages
    /// The file ends somewhere.
    case truncation
    /// One half of the file, or of a page of it, is zeros.
    case zeroed
    /// Segments that cover each other in other places of the file.
    case overlaps
    /// Several of the above.
    case several
  }

  private let kernel: SyntheticKernel
  private let image: ELFImage
  private var random: SeededGenerator

  /// - Parameter image: the vmcore of the kernel, as ``SyntheticKernel/vmcore()`` gives it.
  public init(_ kernel: SyntheticKernel, _ image: ELFImage, seed: UInt64) {
    self.kernel = kernel
    self.image = image
    random = SeededGenerator(seed: seed)
  }

  /// The bytes of a damaged file.
  public mutating func mutated(_ kind: Kind) -> [UInt8] {
    var bytes = image.bytes
    if kind == .several {
      let kinds = Kind.allCases.filter { $0 != .several && $0 != .truncation }
      for _ in 0..<2 + random.below(5) { apply(random.pick(kinds), &bytes) }
    } else {
      apply(kind, &bytes)
    }
    return bytes
  }

  private mutating func apply(_ kind: Kind, _ bytes: inout [UInt8]) {
    switch kind {
    case .header: for _ in 0..<1 + random.below(3) { setByte(&bytes, Int(random.below(64))) }
    case .programHeaders: for _ in 0..<1 + random.below(3) { changeProgramHeader(&bytes) }
    case .notes: changeNotes(&bytes)
    case .vmcoreinfo: for _ in 0..<1 + random.below(3) { changeVMCOREINFO(&bytes) }
    case .pageTables: for _ in 0..<1 + random.below(8) { changePageTable(&bytes) }
    case .memSection: for _ in 0..<1 + random.below(3) { changeSections(&bytes) }
    case .structPages: for _ in 0..<1 + random.below(64) { changeStructPage(&bytes) }
    case .truncation: bytes.removeLast(Int(random.below(UInt64(bytes.count))))
    case .zeroed: zero(&bytes)
    case .overlaps: for _ in 0..<1 + random.below(4) { overlap(&bytes) }
    case .several: break
    }
  }

  /// Numbers at the edges of what the fields can hold.
  private static let edges: [UInt64] = [
    0, 1, 7, 0xfff, 0x1000, 0x1001, 0x8000_0000, 0xffff_ffff, 0x100_0000_0000, 0x2000_0000_0000,
    0x000f_ffff_ffff_f000, 0x0010_0000_0000_0000, 0x4000_0000_0000_0000, 0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000, 0x8000_0000_0000_0001, 0xffff_ffff_ffff_f000, 0xffff_ffff_ffff_fffe, .max,
  ]

  private mutating func edge() -> UInt64 {
    if random.oneIn(10) { return random.next() }
    if random.oneIn(10) { return random.below(1 << 22) }
    return random.pick(Self.edges)
  }

  private mutating func setByte(_ bytes: inout [UInt8], _ offset: Int) {
    guard offset < bytes.count else { return }
    bytes[offset] = UInt8(truncatingIfNeeded: random.next())
  }

  private func store(_ value: UInt64, _ bytes: inout [UInt8], _ offset: Int?) {
    guard let offset, offset + 8 <= bytes.count else { return }
    bytes.storeLittleEndian(value, at: offset)
  }

  private mutating func changeProgramHeader(_ bytes: inout [UInt8]) {
    let header = image.programHeaders + 56 * Int(random.below(UInt64(image.programHeaderCount)))
    // p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align; and p_type with p_flags.
    let field = header + random.pick([0, 8, 16, 24, 32, 40, 48])
    let old = bytes.loadLittleEndian(at: field, as: UInt64.self)
    store(random.oneIn(3) ? old &+ random.pick([1, 4096, .max, 1 << 63]) : edge(), &bytes, field)
  }

  private mutating func changeNotes(_ bytes: inout [UInt8]) {
    guard !image.notes.isEmpty else { return }
    for _ in 0..<1 + random.below(6) {
      // The first note's header is where sizes are; the rest is anywhere.
      let offset = random.oneIn(2) ? random.below(12) : random.below(UInt64(image.notes.count))
      setByte(&bytes, image.notes.lowerBound + Int(offset))
    }
  }

  private mutating func changeVMCOREINFO(_ bytes: inout [UInt8]) {
    guard let range = image.vmcoreinfo, range.upperBound <= bytes.count else { return }
    var text = bytes[range].split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
    let line = Int(random.below(UInt64(text.count)))
    if let equals = text[line].firstIndex(of: 0x3d) {
      let values = [
        "", "0", "1", "-1", "64", "4096", "18446744073709551615", "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999999", "0x", "0xffffffffffffffff", "ffffffffffffffff", "ffff888000000000", "x",
        "1000",
        String(edge()), String(edge(), radix: 16), "-\(edge())",
      ]
      if random.oneIn(6) {
        text[line] = []
      } else {
        text[line].replaceSubrange((equals + 1)..., with: random.pick(values).utf8)
      }
    }
    // The note keeps its size: what is too long is cut, what is short is filled with empty lines.
    var joined = Array(text.joined(separator: [10]))
    if joined.count > range.count { joined.removeLast(joined.count - range.count) }
    joined += [UInt8](repeating: 10, count: range.count - joined.count)
    bytes.replaceSubrange(range, with: joined)
  }

  private mutating func changePageTable(_ bytes: inout [UInt8]) {
    let pfn = random.pick(kernel.ranges.map(\.lowerBound)) + random.below(4)
    let addresses = [
      kernel.text, kernel.text + 0x2000, kernel.topTableAddress, kernel.pageOffset &+ pfn << 12,
      kernel.structPageAddress(pfn), kernel.memSectionAddress, kernel.utsAddress,
    ]
    let level = 1 + Int(random.below(UInt64(kernel.configuration.levels)))
    guard let entry = kernel.tableEntry(random.pick(addresses), level: level) else { return }
    let table = entry & ~0xfff
    let targets: [UInt64] = [
      0, 1, kernel.topTable | 0x63, table | 0x63, table | 0xe3, edge() | 1, edge() | 0x81, .max,
      random.below(kernel.maxMapNumber) << 12 | 0x63, random.below(kernel.maxMapNumber) << 12 | 0xe3,
    ]
    store(random.pick(targets), &bytes, kernel.fileOffset(entry, in: image))
  }

  private mutating func changeSections(_ bytes: inout [UInt8]) {
    var places: [UInt64] = []
    if let symbol = kernel.translate(kernel.memSectionAddress) { places += [symbol, symbol + 8] }
    if let pointer = kernel.translate(kernel.memMapSymbol) { places.append(pointer) }
    for section in 0..<UInt64(4) {
      if let entry = kernel.sectionEntry(section) { places += [entry, entry + 8] }
    }
    guard !places.isEmpty else { return }
    let place = random.pick(places)
    let old = kernel.memory.load(place, as: UInt64.self)
    let flipped: UInt64 = old ^ (1 << random.below(64))
    let values: [UInt64] = [
      edge(), edge() | 3, flipped, old &+ 64, old &- 0x10_0000, kernel.pageOffset | 3,
      kernel.memSectionAddress | 3, kernel.text | 3, .max,
    ]
    store(random.pick(values), &bytes, kernel.fileOffset(place, in: image))
  }

  private mutating func changeStructPage(_ bytes: inout [UInt8]) {
    let range = random.pick(kernel.ranges)
    guard let base = kernel.structPage(range.lowerBound + random.below(UInt64(range.count))) else { return }
    let word = base + random.below(8) * 8
    let type = UInt32(bitPattern: random.pick(generationTypes))
    let values: [UInt64] = [
      edge(), random.next(), UInt64(type), UInt64(type) << 32, .max, 1, 0x40 | random.next() & 0xff_ffff,
    ]
    store(random.pick(values), &bytes, kernel.fileOffset(word, in: image))
  }

  private var generationTypes: [Int32] {
    let types = kernel.generation.types
    return [types.buddy, types.offline ?? -1, types.hugetlb ?? -1, types.slab ?? -1, types.unaccepted ?? -1]
  }

  private mutating func zero(_ bytes: inout [UInt8]) {
    let count = bytes.count
    let start: Int
    let end: Int
    switch random.below(4) {
    case 0: (start, end) = (count / 2, count)
    case 1: (start, end) = (image.notes.upperBound, count / 2)
    case 2:
      start = Int(random.below(UInt64(count)))
      end = min(count, start + 2048)
    default:
      start = Int(random.below(UInt64(count)))
      end = min(count, start + Int(random.below(UInt64(count / 2))))
    }
    guard start < end else { return }
    bytes.replaceSubrange(start..<end, with: repeatElement(0, count: end - start))
  }

  /// Moves a segment over another in physical memory, or lets it claim more than it has.
  private mutating func overlap(_ bytes: inout [UInt8]) {
    let count = UInt64(image.programHeaderCount)
    let from = image.programHeaders + 56 * Int(random.below(count))
    let to = image.programHeaders + 56 * Int(random.below(count))
    let paddr = bytes.loadLittleEndian(at: from + 24, as: UInt64.self)
    store(paddr &+ random.pick([0, 1, 2048, 4096, .max - 2047, 0x10_0000]), &bytes, to + 24)
    let size = bytes.loadLittleEndian(at: to + 40, as: UInt64.self)
    if random.oneIn(2) { store(size &+ random.below(1 << 24), &bytes, to + 40) }
    if random.oneIn(3) { store(size &- random.below(4096), &bytes, to + 32) }
  }
}
