internal import DumpMemory

/// The kernel's `mem_section`: for each section of memory (128 MiB on x86_64), where its `struct page`s lie.
///
/// include/linux/mmzone.h. With SPARSEMEM_EXTREME it is a table of pointers to roots, each a page full of
/// `struct mem_section`; without, one array.
struct SectionTable {
  private var table: VirtualAddress
  private let isExtreme: Bool
  /// SIZE(mem_section)
  private let entrySize: Int
  /// OFFSET(mem_section.section_mem_map)
  private let mapOffset: Int
  /// SIZE(page)
  private let pageSize: Int
  /// Bytes of a root: a page.
  private let rootSize: Int
  /// SECTION_SIZE_BITS less the page shift.
  private let frameShift: UInt64

  /// Flags in the low bits of section_mem_map: six of them with ZONE_DEVICE and VMEMMAP_PREINIT (Linux 6.15).
  /// A mem_map is aligned to 64 bytes at least.
  private static let flags: UInt64 = 0x3f
  /// SECTION_MARKED_PRESENT
  private static let present: UInt64 = 1

  /// Adds the frames that the table itself lies in, as far as it speaks of memory.
  func insertOwnFrames(
    into set: inout PFNBitmap, of physical: PhysicalMemory, _ memory: inout KernelMemory
  ) {
    let page = UInt64(rootSize)
    let sections = (physical.frames.maxMapNumber >> frameShift) + 1
    func add(_ start: UInt64, _ byteCount: UInt64) {
      memory.insertFrames(at: start, byteCount: byteCount, into: &set, physical.geometry)
    }
    guard isExtreme else {
      add(table.rawValue, min(sections * UInt64(entrySize), 1 << 30))
      return
    }
    let roots = min(sections / (page / UInt64(entrySize)) + 1, 1 << 20)
    // crash reads all of it: 32 KiB with 46 bits of address, whatever there is of memory.
    add(table.rawValue, max(roots * 8, 32 << 10))
    for root in 0..<Int(roots) {
      guard let target = try? memory.word(table + root * 8), KernelPointer.isPlausible(target) else {
        continue
      }
      add(target, page)
    }
  }

  /// - Parameter frames: memory; its first sections decide whether the symbol is the table or points to it.
  init(
    _ kernel: KernelFacts, in memory: inout KernelMemory, probing frames: PFNRanges
  ) throws(KernelError) {
    let info = kernel.info
    guard let symbol = info.symbol("mem_section"), let entrySize = info.size("mem_section"),
      (8...kernel.machine.geometry.size).contains(entrySize),
      let mapOffset = info.offset("mem_section.section_mem_map"), let pageSize = info.size("page"),
      pageSize > 0
    else {
      throw .absent(
        "VMCOREINFO lacks SIZE(page), SIZE(mem_section) or OFFSET(mem_section.section_mem_map)")
    }
    let sectionBits = info.number("SECTION_SIZE_BITS") ?? kernel.machine.usualSectionBits
    // Linux 5.9; before, pgtable_l5_enabled decides on x86_64.
    let addressBits =
      info.number("MAX_PHYSMEM_BITS")
      ?? (kernel.tables.levels == 5 ? 52 : kernel.machine.usualAddressBits)
    guard (24...34).contains(sectionBits), (sectionBits...52).contains(addressBits) else {
      throw .malformed(
        "NUMBER(SECTION_SIZE_BITS) is \(sectionBits) and NUMBER(MAX_PHYSMEM_BITS) is \(addressBits)")
    }
    let allSections: Int64 = 1 << (addressBits - sectionBits)
    // A plain SPARSEMEM kernel exports the number of sections, an EXTREME one that of roots or nothing.
    isExtreme = info.length("mem_section").map { Int64($0) != allSections } ?? true
    self.entrySize = entrySize
    self.mapOffset = mapOffset
    self.pageSize = pageSize
    frameShift = UInt64(sectionBits) - kernel.machine.geometry.shift
    rootSize = kernel.machine.geometry.size
    table = symbol
    // From 4.15 mem_section is a pointer with SPARSEMEM_EXTREME. VMCOREINFO should give what it points to;
    // kernels that gave the pointer's own address were released.
    if isExtreme, !findsAnything(in: frames, &memory), let target = try? memory.word(symbol),
      KernelPointer.isPlausible(target)
    {
      var pointed = self
      pointed.table = VirtualAddress(target)
      if pointed.findsAnything(in: frames, &memory) { table = pointed.table }
    }
  }

  /// Looks every section of memory up.
  func sections(of frames: PFNRanges, _ memory: inout KernelMemory) -> MemoryMap {
    var map = MemoryMap(
      sections: [], framesWithout: 0, unreadable: (0, nil))
    var last: UInt64?
    for range in frames.ranges {
      var number = range.lowerBound.rawValue >> frameShift
      let end = (range.upperBound.rawValue - 1) >> frameShift
      if let last, number <= last { number = last + 1 }
      while number <= end {
        let section = self.frames(ofSection: number)
        do throws(VmcoreError) {
          if let pages = try memMap(ofSection: number, &memory) {
            map.sections.append(MemoryMap.Section(frames: section, pages: pages))
          } else {
            map.framesWithout += frames.count(in: section)
          }
        } catch {
          map.framesWithout += frames.count(in: section)
          map.unreadable = (map.unreadable.sections + 1, map.unreadable.reason ?? error)
        }
        last = number
        number += 1
      }
    }
    return map
  }

  /// The `struct page` of a section's first frame; nil if the kernel has none for it.
  private func memMap(
    ofSection number: UInt64, _ memory: inout KernelMemory
  ) throws(VmcoreError) -> VirtualAddress? {
    guard let entry = try entry(ofSection: number, &memory) else { return nil }
    let word = try memory.word(entry + mapOffset)
    guard word & Self.present != 0, word & ~Self.flags != 0 else { return nil }
    // The kernel stores mem_map less the section's first frame, so that it can be indexed by pfn.
    let pages = (word & ~Self.flags) &+ (number << frameShift) &* UInt64(pageSize)
    return KernelPointer.isPlausible(pages) ? VirtualAddress(pages) : nil
  }

  private func entry(
    ofSection number: UInt64, _ memory: inout KernelMemory
  ) throws(VmcoreError) -> VirtualAddress? {
    guard isExtreme else { return table + Int(number) * entrySize }
    let perRoot = UInt64(rootSize / entrySize)
    let root = try memory.word(table + Int(number / perRoot) * 8)
    guard KernelPointer.isPlausible(root) else { return nil }
    return VirtualAddress(root) + Int(number % perRoot) * entrySize
  }

  /// Whether any of the first sections of memory has a mem_map that can be read.
  private func findsAnything(in frames: PFNRanges, _ memory: inout KernelMemory) -> Bool {
    for range in frames.ranges.prefix(16) {
      let number = range.lowerBound.rawValue >> frameShift
      if let pages = (try? memMap(ofSection: number, &memory)) ?? nil, (try? memory.translate(pages)) != nil {
        return true
      }
    }
    return false
  }

  private func frames(ofSection number: UInt64) -> Range<PFN> {
    PFN(number << frameShift)..<PFN((number + 1) << frameShift)
  }
}
